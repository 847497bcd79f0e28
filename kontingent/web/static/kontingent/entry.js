// The grid of a class kept cell by cell: autosave, Ctrl+Z takes back the last saved change, what could not be sent waits in
// this tab (sessionStorage, by user and class) and is sent again; it goes at sign-out and with the tab.
(() => {
  const form = document.querySelector("form[data-entry]");
  if (!form) return;
  const table = form.querySelector("[data-grid]");
  const status = document.getElementById("entry-status");
  const store = `entry:${form.dataset.entry}`;
  const done = [];
  let waiting = new Set();
  let busy = false;
  const cells = () => [...table.querySelectorAll("input.cell")];
  const shownOf = (cell) => form.elements[`s-${cell.name.slice(2)}`];
  const tell = (text) => { status.textContent = text; };
  const keep = () => {
    const kept = Object.fromEntries([...waiting].map((cell) => [cell.name, cell.value]));
    if (waiting.size) sessionStorage.setItem(store, JSON.stringify(kept));
    else sessionStorage.removeItem(store);
  };
  const refuse = (cell, text) => {
    let note = document.getElementById(`p-${cell.name.slice(2)}`);
    if (!note) {
      note = document.createElement("span");
      note.id = `p-${cell.name.slice(2)}`;
      note.className = "refused";
      cell.after(note);
    }
    note.textContent = text;
    cell.dataset.refused = cell.value;
    cell.setAttribute("aria-invalid", "true");
    cell.setAttribute("aria-describedby", note.id);
  };
  const accept = (cell, now) => {
    const note = document.getElementById(`p-${cell.name.slice(2)}`);
    if (note) note.remove();
    delete cell.dataset.refused;
    cell.removeAttribute("aria-invalid");
    cell.removeAttribute("aria-describedby");
    cell.value = cell.defaultValue = shownOf(cell).value = now;
    cell.classList.remove("changed");
  };
  const send = async (pairs, act) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    form.querySelectorAll("[data-along]").forEach((one) => body.set(one.name, one.value));
    if (act) body.set("act", act);
    pairs.forEach(([cell, typed]) => {
      body.set(`v-${cell.name.slice(2)}`, typed);
      body.set(`s-${cell.name.slice(2)}`, shownOf(cell).value);
    });
    const answer = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error("not an answer of the grid");
    return answer.json();
  };
  const take = (pairs, told, act) => {
    const back = [];
    pairs.forEach(([cell, typed]) => {
      const id = cell.name.slice(2);
      const saved = told.saved[id];
      if (told.refused[id]) refuse(cell, told.refused[id]);
      else if (saved && (act || cell.value === typed)) accept(cell, saved.now);
      else if (saved) shownOf(cell).value = saved.now;
      if (saved && saved.back && !act) back.push([cell, saved.before]);
    });
    if (back.length) done.push(back);
  };
  const flush = async () => {
    if (busy || !waiting.size) return;
    busy = true;
    // what is being typed waits until the cell is left
    const pairs = [...waiting].filter((cell) => cell !== document.activeElement || cell.dataset.pasted).map((cell) => [cell, cell.value]);
    if (!pairs.length) { busy = false; return; }
    tell("Записываю…");
    try {
      const told = await send(pairs);
      if (told.error) tell(`Не сохранено. ${told.error}`);
      else {
        take(pairs, told);
        pairs.forEach(([cell, typed]) => { if (cell.value === typed || !cell.matches(".changed")) waiting.delete(cell); });
        const wrong = Object.keys(told.refused).length;
        tell(`Записано ячеек: ${Object.keys(told.saved).length}.${wrong ? ` Не записано: ${wrong}, причина под ячейкой.` : ""}`);
      }
    } catch {
      tell("Нет связи с системой. Набранное хранится в этой вкладке и будет отправлено, когда связь появится.");
    }
    keep();
    busy = false;
  };
  const undo = async () => {
    const back = done.pop();
    if (!back || busy) return;
    busy = true;
    try {
      const told = await send(back, "undo");
      take(back, told, "undo");
      tell(told.error || `Возвращено ячеек: ${Object.keys(told.saved).length}.`);
    } catch {
      done.push(back);
      tell("Нет связи с системой: отменить не удалось. Повторите позже.");
    }
    busy = false;
  };
  const note = (cell) => {
    if (cell.value === shownOf(cell).value) waiting.delete(cell);
    else waiting.add(cell);
    keep();
  };
  table.addEventListener("change", (event) => {
    if (!event.target.matches("input.cell")) return;
    note(event.target);
    flush();
  });
  table.addEventListener("input", (event) => { if (event.target.matches("input.cell")) note(event.target); });
  // grid.js puts what is pasted or copied into the cells itself, without an event
  const gather = () => setTimeout(() => {
    const changed = cells().filter((cell) => cell.value !== shownOf(cell).value && cell.value !== cell.dataset.refused);
    changed.forEach((cell) => { if (changed.length > 1) cell.dataset.pasted = "yes"; note(cell); });
    flush().finally(() => changed.forEach((cell) => { delete cell.dataset.pasted; }));
  });
  table.addEventListener("paste", gather);
  table.addEventListener("keydown", (event) => { if (event.ctrlKey && event.code === "KeyD") gather(); });
  table.addEventListener("click", (event) => { if (event.target.closest("[data-fill]")) gather(); });
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.shiftKey || event.code !== "KeyZ") return;
    const cell = document.activeElement;
    if (cell && cell.matches("input.cell") && cell.value !== cell.defaultValue) return; // still being typed: the browser's own
    if (!done.length) return;
    event.preventDefault();
    undo();
  });
  form.addEventListener("submit", () => { sessionStorage.removeItem(store); });
  window.addEventListener("online", flush);
  setInterval(flush, 15000);
  const kept = JSON.parse(sessionStorage.getItem(store) || "{}");
  cells().forEach((cell) => {
    if (kept[cell.name] !== undefined && kept[cell.name] !== cell.value) {
      cell.value = kept[cell.name];
      cell.classList.add("changed");
      note(cell);
    }
  });
  if (waiting.size) { tell("Восстановлено несохранённое."); flush(); }
})();
