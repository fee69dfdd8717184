"use strict";
// Pointing: a box with what data-tip says; streams with the same name light up.
const tip = document.getElementById("tip");
document.addEventListener("mousemove", (event) => {
  const at = event.target.closest("[data-tip]");
  tip.style.display = at ? "block" : "none";
  if (!at) return;
  tip.textContent = at.dataset.tip;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
  tip.style.left = Math.max(8, x) + "px";
  tip.style.top = (below ? event.clientY + 18 : event.clientY - 10 - tip.offsetHeight) + "px";
});

for (const svg of document.querySelectorAll(".graph svg")) {
  const whole = { x: 0, y: 0, w: +svg.dataset.width, h: +svg.dataset.height };
  let view = { ...whole };
  const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const scale = () => Math.max(view.w / svg.clientWidth, view.h / svg.clientHeight);
  const zoom = (factor, px, py) => {
    const s = scale();
    const ox = view.x + view.w / 2 + (px - svg.clientWidth / 2) * s;
    const oy = view.y + view.h / 2 + (py - svg.clientHeight / 2) * s;
    view = { x: ox + (view.x - ox) * factor, y: oy + (view.y - oy) * factor, w: view.w * factor, h: view.h * factor };
    show();
  };
  const natural = () => {
    view = { x: whole.w / 2 - svg.clientWidth / 2, y: 0, w: svg.clientWidth, h: svg.clientHeight };
    show();
  };
  const actions = {
    in: () => zoom(0.8, svg.clientWidth / 2, svg.clientHeight / 2),
    out: () => zoom(1.25, svg.clientWidth / 2, svg.clientHeight / 2),
    fit: () => { view = { ...whole }; show(); },
    one: natural,
  };
  for (const button of svg.parentNode.querySelectorAll("[data-zoom]"))
    button.addEventListener("click", actions[button.dataset.zoom]);
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 0.87 : 1.15, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let from = null;
  svg.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY, view: { ...view }, s: scale() };
    svg.setPointerCapture(event.pointerId);
    svg.classList.add("moving");
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    view.x = from.view.x - (event.clientX - from.x) * from.s;
    view.y = from.view.y - (event.clientY - from.y) * from.s;
    show();
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, () => { from = null; svg.classList.remove("moving"); });
  svg.addEventListener("mouseover", (event) => {
    const name = event.target.closest("[data-edge]")?.dataset.edge;
    svg.classList.toggle("lit", Boolean(name));
    for (const part of svg.querySelectorAll("[data-edge]"))
      part.classList.toggle("on", part.dataset.edge === name);
  });
  addEventListener("beforeprint", actions.fit);
  if (!matchMedia("print").matches) natural();
}

// A click on a heading sorts its table.
for (const head of document.querySelectorAll("th")) {
  head.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => {
      const text = row.cells[head.cellIndex].textContent;
      if (!head.classList.contains("num")) return text;
      const value = parseFloat(text.replace(/[^0-9.\-]/g, ""));
      return isNaN(value) ? -Infinity : value;
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  });
}
