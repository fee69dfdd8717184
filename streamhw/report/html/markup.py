# SPDX-License-Identifier: Apache-2.0
"""HTML and SVG elements as strings: everything that is not an element already is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["Html", "code", "join", "number", "opener", "percent", "section", "table", "tag"]


class Html(str):
    """Text that is markup."""

    __slots__ = ()


Content = str | int | float | Html | None

VOID = frozenset({"meta", "rect", "line", "path", "circle", "br", "input"})
"""Elements that have no closing tag here."""


def tag(name: str, *children: Content, **attributes: Content) -> Html:
    """An element. Attributes that are None are left out; ``cls`` stands for ``class``, and an
    underscore for a hyphen (a last one for none: ``for_``)."""
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            key = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
            text = number(value) if isinstance(value, float) else str(value)
            parts.append(f'{key}="{escape(text)}"')
    opened = f"<{' '.join(parts)}"
    if name in VOID and not children:
        return Html(f"{opened}/>")
    return Html(f"{opened}>{join(children)}</{name}>")


def join(children: Iterable[Content], between: str = "") -> Html:
    """Children one after another, escaped where they are plain text."""
    return Html(between.join(_text(child) for child in children))


def number(value: float) -> str:
    """A coordinate: as few characters as its tenths need."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def code(name: str) -> Html:
    """A name in the design."""
    return tag("code", _breakable(name))


def opener(kind: str, name: str) -> Html:
    """A link to the details of a ``part`` or an ``edge``."""
    return tag("button", _breakable(name), type="button", cls="open", data_open=f"{kind} {name}")


def percent(part: float, whole: float) -> str:
    """A share in per cent; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "\N{EN DASH}"


def section(anchor: str, title: str, says: str, *children: Content) -> Html:
    """A part of the page with a heading and a sentence on what it shows."""
    head = (tag("h2", title), tag("p", says, cls="says"))
    return tag("section", *head, *children, id=anchor)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Content]], *, foot: Sequence[Content] = ()
) -> Html:
    """A table that its headings sort, which are buttons; columns whose name ends in ``#`` hold
    numbers."""
    numeric = [name.endswith("#") for name in columns]
    kinds = ["num" if is_number else None for is_number in numeric]

    def row(cells: Sequence[Content]) -> Html:
        pairs = zip(cells, kinds, strict=True)
        return tag("tr", *(tag("td", cell, cls=kind) for cell, kind in pairs))

    heads = zip(columns, kinds, strict=True)
    head = tag("tr", *(_heading(name.removesuffix("#"), kind) for name, kind in heads))
    body = [tag("thead", head), tag("tbody", *(row(cells) for cells in rows))]
    if foot:
        body.append(tag("tfoot", row(foot)))
    return tag("div", tag("table", *body), cls="scroll")


def _breakable(name: str) -> Html:
    """A name that may go on in the next line behind an underscore."""
    return join((join((part,)) for part in name.split("_")), "_<wbr>")


def _heading(name: str, kind: str | None) -> Html:
    return tag("th", tag("button", name, type="button") if name else None, cls=kind, scope="col")


def _text(child: Content) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, bool | int | float):
        return f"{child:,}"
    return escape(child)
