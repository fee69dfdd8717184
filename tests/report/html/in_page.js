// What tests ask of a page; each function answers with a list of faults, empty if all is well.
(() => {
  const near = 1.5;
  const said = (node) => `"${node.textContent.trim().slice(0, 40)}"`;
  const texts = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode())
      if (walker.currentNode.textContent.trim() && walker.currentNode.parentElement.checkVisibility())
        found.push(walker.currentNode);
    return found;
  };
  const boxes = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 0);
  };
  const clips = (element) => getComputedStyle(element).overflowX !== "visible";
  const outside = (box, frame) => box.left < frame.left - near || box.right > frame.right + near;

  // The rectangle beside a text in the drawing that it is written on, if it is.
  const written_on = (text) => {
    const [box, parent] = [text.getBoundingClientRect(), text.parentElement];
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    return [...parent.children].filter((other) => other.tagName === "rect").find((rect) => {
      const at = rect.getBoundingClientRect();
      return at.left < x && x < at.right && at.top < y && y < at.bottom;
    });
  };

  const clipped = (root = document.body) => {
    const faults = [];
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("the page is wider than its window");
    for (const part of root.querySelectorAll(".scroll, .figure, #about"))
      if (part.scrollWidth > part.clientWidth) faults.push(`${part.className || part.id} scrolls: ${part.textContent.slice(0, 60)}`);
    for (const node of texts(root)) {
      if (node.parentElement.closest("svg")) continue;
      for (const box of boxes(node))
        for (let at = node.parentElement; at; at = at.parentElement) {
          const style = getComputedStyle(at);
          const bounds = clips(at) || /block|cell|flex|grid/.test(style.display);
          if (bounds && outside(box, at.getBoundingClientRect())) {
            faults.push(`${at.tagName} cuts ${said(node)}`);
            break;
          }
        }
    }
    for (const text of root.querySelectorAll("svg text")) {
      const box = text.getBoundingClientRect();
      if (!box.width) continue;
      const frame = text.ownerSVGElement.getBoundingClientRect();
      const around = (written_on(text) ?? text.ownerSVGElement).getBoundingClientRect();
      if (outside(box, around) || box.top < frame.top - near || box.bottom > frame.bottom + near)
        faults.push(`a drawing cuts ${text.textContent.slice(0, 40)}`);
    }
    return faults;
  };

  const parse = (color) => {
    const found = color.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    if (color.startsWith("color(")) return [found[0] * 255, found[1] * 255, found[2] * 255, found[3] ?? 1];
    return [found[0], found[1], found[2], found[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
    return layers.reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = (root = document.body) => {
    const faults = new Set();
    for (const node of texts(root)) {
      const at = node.parentElement;
      const svg = at.closest("svg");
      let below = ground(svg ? svg.parentElement : at);
      if (svg) {
        const inner = written_on(at);
        const style = inner && getComputedStyle(inner);
        if (inner) {
          const fill = parse(style.fill);
          below = over([...fill.slice(0, 3), fill[3] * style.fillOpacity], below);
        }
      }
      const ink = over(parse(getComputedStyle(at)[svg ? "fill" : "color"]), below);
      if (ratio(ink, below) < 4.5) faults.add(`${ratio(ink, below).toFixed(2)} ${said(node)}`);
    }
    return [...faults];
  };
  const smallest = () =>
    Math.min(...[...document.querySelectorAll(".graph svg[data-drawing]:not([hidden]) text")]
      .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a));
  const details = () => {
    const faults = [];
    for (const name of about.templates.keys()) {
      about.open(name);
      const panel = document.getElementById("about");
      for (const fault of [...clipped(panel), ...faint(panel)]) faults.push(`${name}: ${fault}`);
    }
    about.close();
    return faults;
  };
  const covered = () =>
    [...graph.drawing().querySelectorAll("[data-node]")].filter((node) => {
      node.scrollIntoView({ block: "center", behavior: "instant" });
      const box = node.getBoundingClientRect();
      return !node.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
    }).map((node) => node.dataset.node);
  window.checks = { clipped, covered, faint, smallest, details };
})();
