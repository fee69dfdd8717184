// Keys in the graph: one box is in the tab order; arrows go along the data, or to the side.
{
  const nodes = (svg) => [...svg.querySelectorAll("[data-node]")];
  const place = (node) => {
    const box = node.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2, h: box.height };
  };
  const near = (found, to) => {
    const far = (node) => Math.hypot(place(node).x - to.x, (place(node).y - to.y) * 2);
    return found.sort((a, b) => far(a) - far(b))[0];
  };
  const along = (svg, node, from, to) => {
    const lines = [...svg.querySelectorAll("[data-from]")];
    const names = new Set(lines.filter((line) => line.dataset[from] === node.dataset.node)
      .map((line) => line.dataset[to]));
    return near(nodes(svg).filter((other) => names.has(other.dataset.node)), place(node));
  };
  const beside = (svg, node, sign) => {
    const at = place(node);
    return near(nodes(svg).filter((other) => {
      const there = place(other);
      return sign * (there.x - at.x) > 4 && Math.abs(there.y - at.y) < 3 * at.h;
    }), at);
  };
  const go = (node) => {
    if (!node) return;
    for (const other of graph.frame.querySelectorAll("[data-node][tabindex='0']")) other.tabIndex = -1;
    node.tabIndex = 0;
    node.focus();
    graph.reveal(node);
  };
  const moves = {
    ArrowDown: (svg, node) => along(svg, node, "from", "to"),
    ArrowUp: (svg, node) => along(svg, node, "to", "from"),
    ArrowLeft: (svg, node) => beside(svg, node, -1),
    ArrowRight: (svg, node) => beside(svg, node, 1),
  };
  graph.frame.addEventListener("keydown", (event) => {
    const node = event.target.closest("[data-node]");
    if (!node) return;
    const move = moves[event.key];
    if (move) go(move(graph.drawing(), node));
    else if (event.key === "Enter" || event.key === " ") about.open(node.dataset.open);
    else return;
    event.preventDefault();
  });
  for (const svg of graph.frame.querySelectorAll("[data-drawing]")) {
    const [first] = nodes(svg).sort((a, b) => place(a).y - place(b).y || place(a).x - place(b).x);
    if (first) first.tabIndex = 0;
  }
}
