// A click on a title sorts the rows; the order in which they were comes back with the third one.
function sortable(table) {
  const body = table.tBodies[0];
  const original = Array.from(body.rows);
  const titles = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
  titles.forEach((title, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const now = title.getAttribute("aria-sort");
      const numeric = title.classList.contains("n");
      const next = now === null ? (numeric ? "descending" : "ascending") : now === (numeric ? "descending" : "ascending") ? (numeric ? "ascending" : "descending") : null;
      for (const other of titles) other.removeAttribute("aria-sort");
      if (next !== null) title.setAttribute("aria-sort", next);
      body.append(...(next === null ? original : sorted(original, column, next === "descending")));
    });
  });
}

function sorted(rows, column, descending) {
  const key = (row) => {
    const cell = row.cells[column];
    const value = Number.parseFloat(cell.dataset.v);
    return Number.isNaN(value) ? cell.textContent.trim() : value;
  };
  const order = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    // What is no number comes after all numbers.
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return one.localeCompare(other, undefined, { numeric: true });
  };
  return [...rows].sort((one, other) => (descending ? -1 : 1) * order(key(one), key(other)));
}

// Titles of many classes stand upright, so that the columns stay narrow.
function fitMatrix(table) {
  table.classList.remove("narrow");
  if (table.scrollWidth > table.parentElement.clientWidth + 1) table.classList.add("narrow");
}
