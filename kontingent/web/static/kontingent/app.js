// Keyboard: "/" goes to the search field, "?" shows the keys; forms that change things are sent once.
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const field = document.getElementById("find");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (event.key === "?") {
    const keys = document.getElementById("keys");
    if (keys) { event.preventDefault(); keys.open ? keys.close() : keys.showModal(); }
  }
});
// Pages that have a page before and one after (days, weeks): the arrows turn them.
document.addEventListener("keydown", (event) => {
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const turning = document.querySelector("[data-arrows]");
  if (!rel || !turning || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || document.querySelector("dialog[open]")) return;
  if (document.activeElement.closest("input,textarea,select,[role=region],[contenteditable]")) return;
  const page = turning.querySelector(`a[rel=${rel}]`);
  if (page) { event.preventDefault(); page.click(); }
});
// An open group of the menu is shut by Escape and by a click elsewhere.
const menuOpen = () => document.querySelector(".menu details[open]");
document.addEventListener("keydown", (event) => {
  const open = menuOpen();
  if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  const open = menuOpen();
  if (open && !open.contains(event.target)) open.open = false;
});
// What waits to be sent from a grid (entry.js) holds personal data: nothing of it stays after sign-out.
const forget = () => { Object.keys(sessionStorage).filter((key) => key.startsWith("entry:")).forEach((key) => sessionStorage.removeItem(key)); };
if (location.pathname === "/sign-in/") forget();
// The learner has been entered: the draft of the wizard has done its work.
if (new URLSearchParams(location.search).get("entered") === "wizard") {
  Object.keys(sessionStorage).filter((key) => key.startsWith("entry:wizard:")).forEach((key) => sessionStorage.removeItem(key));
  history.replaceState(null, "", location.pathname);
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("action") === "/sign-out/") forget();
  if (form.method !== "post" || form.dataset.many) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 8000);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print],[data-check-all],[data-close]");
  if (!button) return;
  if (button.dataset.print !== undefined) window.print();
  if (button.dataset.close !== undefined) button.closest("dialog").close();
  if (button.dataset.checkAll !== undefined) {
    document.querySelectorAll(`input[name="${button.dataset.checkAll}"]`).forEach((box) => { box.checked = button.dataset.on !== "no"; });
  }
});
document.addEventListener("change", (event) => {
  if (event.target.dataset.autosubmit !== undefined) event.target.form.requestSubmit();
});
