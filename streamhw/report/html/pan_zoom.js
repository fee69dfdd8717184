// The dataflow graph: which drawing is shown, and which part of it at which size.
const graph = (() => {
  const LEAST = 11.1; // pixels of the smallest text when all is shown
  const whole = document.querySelector(".graph");
  const frame = whole.querySelector(".canvas");
  const drawings = [...frame.querySelectorAll("[data-drawing]")];
  let svg = drawings[0];
  let view = { x: 0, y: 0, scale: 1 }; // of the upper left corner; pixels a unit
  let covered = 0; // pixels of the frame, at its right, that lie below the details

  const size = () => ({ w: +svg.dataset.width, h: +svg.dataset.height });
  const show = () => {
    const [w, h] = [frame.clientWidth / view.scale, frame.clientHeight / view.scale];
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
  };
  // All of it in the window, if its text can be read then; else the frame grows.
  const fit = () => {
    const { w, h } = size();
    const least = LEAST / svg.dataset.font;
    const width = frame.clientWidth - covered;
    const scale = Math.max(least, Math.min(1.25, width / w, (0.8 * innerHeight) / h));
    frame.style.height = Math.ceil(Math.max(h * scale, 320)) + "px";
    view = { scale, x: Math.min(0, (w - width / scale) / 2), y: 0 };
    show();
  };
  const cover = (pixels) => {
    view.x += (pixels - covered) / 2 / view.scale;
    covered = pixels;
    show();
  };
  const zoom = (factor, px, py) => {
    const scale = Math.min(6, Math.max(0.1, view.scale * factor));
    view.x += px / view.scale - px / scale;
    view.y += py / view.scale - py / scale;
    view.scale = scale;
    show();
  };
  const middle = (factor) => zoom(factor, frame.clientWidth / 2, frame.clientHeight / 2);
  const actions = {
    in: () => middle(1.25),
    out: () => middle(0.8),
    one: () => middle(1 / view.scale),
    fit,
  };
  const choose = (name) => {
    for (const drawing of drawings) drawing.toggleAttribute("hidden", drawing.dataset.drawing !== name);
    for (const tab of whole.querySelectorAll("[data-view]"))
      tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
    svg = drawings.find((drawing) => drawing.dataset.drawing === name);
    fit();
  };
  // A box that has the focus is brought into the frame.
  const reveal = (node) => {
    const [at, box] = [node.getBoundingClientRect(), frame.getBoundingClientRect()];
    const over = (low, high, least, most) => (low < least ? low - least : high > most ? high - most : 0);
    const dx = over(at.left, at.right, box.left + 8, box.right - covered - 8);
    const dy = over(at.top, at.bottom, box.top + 8, box.bottom - 8);
    if (!dx && !dy) return;
    view.x += dx / view.scale;
    view.y += dy / view.scale;
    show();
  };

  whole.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.zoom) actions[button.dataset.zoom]();
    if (button?.dataset.view) choose(button.dataset.view);
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.15 : 0.87, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  let from = null;
  for (const drawing of drawings) {
    drawing.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, view: { ...view }, moved: false };
    });
    drawing.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      // A click may shake a little; capture begins with a drag, or it would take the click.
      if (!from.moved && Math.hypot(dx, dy) < 4) return;
      if (!from.moved) drawing.setPointerCapture(event.pointerId);
      from.moved = true;
      drawing.classList.add("moving");
      view.x = from.view.x - dx / view.scale;
      view.y = from.view.y - dy / view.scale;
      show();
    });
    for (const end of ["pointerup", "pointercancel"])
      drawing.addEventListener(end, () => {
        from = null;
        drawing.classList.remove("moving");
      });
    drawing.addEventListener("mouseover", (event) => {
      const name = event.target.closest("[data-open]")?.dataset.open;
      drawing.classList.toggle("lit", Boolean(name?.match(/^(edge|way) /)));
      for (const part of drawing.querySelectorAll("[data-open]"))
        part.classList.toggle("on", part.dataset.open === name);
    });
  }
  // Also when a scroll bar comes, which takes some of the width.
  let width = 0;
  new ResizeObserver(() => {
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    fit();
  }).observe(frame);
  addEventListener("beforeprint", fit);
  fit();
  return { frame, reveal, cover, drawing: () => svg };
})();
