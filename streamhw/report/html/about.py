# SPDX-License-Identifier: Apache-2.0
"""Details of all boxes, streams and edges, as templates that the page shows one at a time."""

from collections.abc import Iterator, Sequence

from ...reference.rounding_error import RoundingError
from ..edges import DataflowEdge, edges_of
from ..facts import Facts
from ..measured import Measured
from ..profile import StepProfile
from ..summary import Summary
from .about_edge import about_edge
from .about_part import about_part
from .boxes import boxes_of
from .graph import way
from .markup import Html, join, tag

__all__ = ["about"]


def about(
    facts: Facts,
    summary: Summary,
    measured: Measured | None,
    profiled: StepProfile | None,
    errors: Sequence[RoundingError],
) -> Html:
    """The panel, empty and hidden, and what it can show."""
    boxes = {name: (box.part, box.what) for name, box in boxes_of(facts).items()}
    for part in facts.parts:
        boxes.setdefault(part.name, (part, part.label))

    def found() -> Iterator[Html]:
        for name, (part, what) in boxes.items():
            text = about_part(name, part, facts, summary, profiled, errors)
            yield _template(f"part {name}", name, what, text)
        for stream in facts.streams:
            text = about_edge(DataflowEdge((stream,), ()), facts, measured)
            what = "stream" if stream.value is None else f"stream of {stream.value}"
            yield _template(f"edge {stream.name}", stream.name, what, text)
        for edge in edges_of(facts):
            if len(edge.streams) > 1 and edge.value is not None:
                text = about_edge(edge, facts, measured)
                title = f"{edge.source.instance} to {edge.sink.instance}"
                yield _template(way(edge.name, 2), title, f"edge of {edge.value}", text)

    head = (
        tag("h3", "", id="about-title", tabindex="-1"),
        tag("button", "\N{MULTIPLICATION SIGN}", type="button", id="about-close",
            aria_label="close", title="close (Esc)"),
    )  # fmt: skip
    panel = tag("aside", tag("div", *head, cls="about-head"), tag("div", "", id="about-body"),
                id="about", role="dialog", aria_labelledby="about-title", hidden="")  # fmt: skip
    return join((panel, *found()))


def _template(key: str, title: str, what: str, content: Html) -> Html:
    return tag("template", content, data_about=key, data_title=title, data_what=what)
