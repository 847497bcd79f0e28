// The wizard of one learner: what is typed waits in this tab (sessionStorage, by user) until the learner is entered; after a
// dropped line or a reload it can be gone on with. It goes at sign-out (app.js) and with the tab. Health (data-unkept) does not wait.
(() => {
  const form = document.querySelector("form[data-wizard]");
  if (!form) return;
  const store = `entry:wizard:${form.dataset.wizard}`;
  const status = form.querySelector("[data-draft-status]");
  const found = document.querySelector("[data-draft-found]");
  const typed = () => {
    const unkept = new Set([...form.querySelectorAll("[data-unkept]")].map((one) => one.name).concat("csrfmiddlewaretoken", "act"));
    return Object.fromEntries([...new FormData(form)].filter(([name]) => !unkept.has(name)));
  };
  const keep = () => sessionStorage.setItem(store, JSON.stringify(typed()));
  const kept = () => JSON.parse(sessionStorage.getItem(store) || "null");
  const first = () => form.querySelector("[aria-invalid]") || form.querySelector(".wizard-fields input, .wizard-fields select");
  const draft = kept();
  if (form.dataset.fresh && draft) {
    found.querySelector("[data-draft-name]").textContent = [draft.family_name, draft.given_name].filter(Boolean).join(" ") || "без имени";
    found.hidden = false;
    found.querySelector("[data-draft-resume]").focus();
  } else {
    if (!form.dataset.fresh) keep();
    if (first()) first().focus();
  }
  document.querySelector("[data-draft-drop]").addEventListener("click", () => {
    sessionStorage.removeItem(store);
    found.hidden = true;
    if (first()) first().focus();
  });
  document.querySelector("[data-draft-resume]").addEventListener("click", () => {
    form.querySelectorAll("input:not([name=csrfmiddlewaretoken]), select").forEach((one) => one.remove());
    Object.entries({ ...draft, act: "resume" }).forEach(([name, value]) => {
      const one = document.createElement("input");
      Object.assign(one, { type: "hidden", name, value });
      form.append(one);
    });
    form.submit();
  });
  form.addEventListener("input", () => {
    found.hidden = true;
    keep();
  });
  form.addEventListener("submit", (event) => {
    keep();
    if (navigator.onLine) return;
    event.preventDefault();
    setTimeout(() => { delete form.dataset.sent; });
    status.textContent = "Нет связи с системой. Набранное хранится в этой вкладке: нажмите ещё раз, когда связь появится.";
  });
})();
