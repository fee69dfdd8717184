// Search: "/" goes to the field; names that begin with the words come first.
{
  const MOST = 12;
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  const things = [...about.templates].map(([name, template]) => ({
    title: template.dataset.title,
    what: template.dataset.what,
    go: () => about.open(name),
  }));
  for (const link of document.querySelectorAll("nav a"))
    things.push({ title: link.textContent, what: "section", go: () => link.click() });
  let shown = [];
  let at = 0;

  const rank = (thing, words) => {
    const [title, all] = [thing.title.toLowerCase(), `${thing.title} ${thing.what}`.toLowerCase()];
    if (!words.every((word) => all.includes(word))) return Infinity;
    return (title === words.join(" ") ? 0 : title.startsWith(words[0]) ? 1 : title.includes(words[0]) ? 2 : 3)
      + title.length / 1000;
  };
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    at = shown.length ? (place + shown.length) % shown.length : 0;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (shown.length) field.setAttribute("aria-activedescendant", `found-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const take = (place) => {
    const thing = shown[place];
    if (!thing) return;
    close();
    thing.go();
  };
  const item = (thing, place) => {
    const made = document.createElement("li");
    const what = document.createElement("span");
    made.id = `found-${place}`;
    made.role = "option";
    made.textContent = thing.title;
    what.textContent = thing.what;
    made.append(what);
    made.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(place);
    });
    return made;
  };
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return close();
    shown = things.map((thing) => [rank(thing, words), thing]).filter(([value]) => value < Infinity)
      .sort(([a], [b]) => a - b).slice(0, MOST).map(([, thing]) => thing);
    const none = document.createElement("li");
    none.textContent = "nothing has that name";
    list.replaceChildren(...(shown.length ? shown.map(item) : [none]));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(0);
  };
  field.addEventListener("input", find);
  field.addEventListener("blur", close);
  field.addEventListener("focus", () => about.close(false)); // which may lie over the list
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") take(at);
    else if (event.key === "Escape") {
      field.value = "";
      field.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
