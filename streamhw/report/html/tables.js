// A heading's button sorts its table.
{
  const key = (row, head) => {
    const text = row.cells[head.cellIndex].textContent;
    if (!head.classList.contains("num")) return text;
    const value = parseFloat(text.replace(/[^0-9.\-]/g, ""));
    return isNaN(value) ? -Infinity : value;
  };
  document.addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (!head) return;
    const body = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map((row) => [key(row, head), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  });
}
