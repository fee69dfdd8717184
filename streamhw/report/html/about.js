// Details: whatever has data-open shows the template of that name in the panel.
const about = (() => {
  const panel = document.getElementById("about");
  const title = document.getElementById("about-title");
  const body = document.getElementById("about-body");
  const templates = new Map(
    [...document.querySelectorAll("template[data-about]")].map((found) => [found.dataset.about, found]),
  );
  let before = null; // what had the focus

  const open = (name) => {
    const found = templates.get(name);
    if (!found) return;
    if (panel.hidden) before = document.activeElement;
    title.textContent = found.dataset.title;
    const what = document.createElement("p");
    what.className = "says";
    what.textContent = found.dataset.what;
    body.replaceChildren(what, found.content.cloneNode(true));
    panel.hidden = false;
    graph.cover(Math.max(0, graph.frame.getBoundingClientRect().right - panel.getBoundingClientRect().left));
    panel.scrollTop = 0;
    for (const part of document.querySelectorAll(".graph [data-open]"))
      part.classList.toggle("chosen", part.dataset.open === name);
    title.focus({ preventScroll: true });
  };
  const close = (back = true) => {
    if (panel.hidden) return;
    panel.hidden = true;
    graph.cover(0);
    for (const part of document.querySelectorAll(".chosen")) part.classList.remove("chosen");
    if (back) before?.focus?.({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) open(opener.dataset.open);
  });
  document.getElementById("about-close").addEventListener("click", () => close());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  return { open, close, templates };
})();
