// A grid of inputs: Enter goes down, Ctrl+arrows in four directions, Ctrl+D copies the cell above, columns may be pasted from a spreadsheet.
(() => {
  const table = document.querySelector("[data-grid]");
  if (!table) return;
  const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input.cell")]);
  const place = (cell) => {
    const row = rows.findIndex((cells) => cells.includes(cell));
    return [row, row < 0 ? -1 : rows[row].indexOf(cell)];
  };
  const put = (cell, text) => {
    if (!cell || cell.readOnly || cell.value === text) return;
    cell.value = text;
    mark(cell);
  };
  const mark = (cell) => { cell.classList.toggle("changed", cell.value !== cell.defaultValue); };
  const go = (row, column) => {
    const cell = rows[row] && rows[row][column];
    if (cell) { cell.focus(); cell.select(); }
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table.addEventListener("keydown", (event) => {
    const [row, column] = place(event.target);
    if (row < 0 || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      go(row + (event.shiftKey ? -1 : 1), column);
    } else if (event.ctrlKey && steps[event.key]) {
      event.preventDefault();
      go(row + steps[event.key][0], column + steps[event.key][1]);
    } else if (event.ctrlKey && event.code === "KeyD" && row > 0) {
      event.preventDefault();
      put(rows[row][column], rows[row - 1][column].value);
      go(row + 1, column);
    }
  });
  table.addEventListener("input", (event) => { if (event.target.matches("input.cell")) mark(event.target); });
  table.addEventListener("paste", (event) => {
    const [row, column] = place(event.target);
    const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    if (row < 0 || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    text.split(/\r?\n/).forEach((line, down) => line.split("\t").forEach((value, right) => {
      put(rows[row + down] && rows[row + down][column + right], value.trim());
    }));
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (!button) return;
    const column = Number(button.dataset.fill);
    const first = rows.find((cells) => cells[column].value !== "");
    if (first) rows.forEach((cells) => { if (cells[column].value === "") put(cells[column], first[column].value); });
  });
  window.addEventListener("beforeunload", (event) => {
    if (table.querySelector("input.changed") && !table.closest("form").dataset.sent) event.preventDefault();
  });
  const wrong = table.querySelector("[aria-invalid]");
  if (wrong) wrong.focus();
})();
