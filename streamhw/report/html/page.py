# SPDX-License-Identifier: Apache-2.0
"""The page: one file with all it needs in it, the same bytes for the same build."""

from collections.abc import Sequence

from ...reference.rounding_error import RoundingError
from ...version import __version__
from ..bench import Bench
from ..bottleneck import bottleneck
from ..exploration import Front
from ..facts import Facts
from ..measured import Measured
from ..predicted_bound import predicted_bound
from ..profile import StepProfile
from ..summary import Summary
from .about import about
from .assets import script, style
from .bench import bench
from .dies import dies
from .fusion import fusion
from .graph import graph
from .layer_errors import layer_errors
from .markup import Html, code, percent, section, table, tag
from .memory import memory
from .pareto import pareto
from .profile import profile
from .resources import resources
from .search import search
from .streams import converters, fifos
from .timeline import timeline

__all__ = ["page"]

SECTIONS = {
    "dataflow": "Dataflow",
    "profile": "Profile",
    "timeline": "Timeline",
    "bench": "Roofline",
    "errors": "Error",
    "fifos": "FIFOs",
    "converters": "Converters",
    "fusion": "Fusion",
    "memory": "Memory",
    "dies": "Dies",
    "resources": "Resources",
    "pareto": "Exploration",
    "choices": "Choices",
}


def page(
    facts: Facts,
    summary: Summary,
    measured: Measured | None,
    front: Front | None = None,
    measures: Bench | None = None,
    profiled: StepProfile | None = None,
    errors: Sequence[RoundingError] = (),
) -> str:
    """The text of the file, in ASCII: all other characters are references."""
    sections = {
        "dataflow": graph(facts),
        "profile": None if profiled is None else profile(profiled),
        "timeline": timeline(facts, measured),
        "bench": None if measures is None else bench(measures),
        "errors": layer_errors(errors, facts.model) if errors else None,
        "fifos": fifos(facts, measured),
        "converters": converters(facts),
        "fusion": fusion(facts),
        "memory": memory(facts, measured),
        "dies": dies(facts, summary),
        "resources": resources(summary),
        "pareto": None if front is None else pareto(front),
        "choices": _choices(facts),
    }
    there = {name: text for name, text in sections.items() if text is not None}
    links = (tag("a", SECTIONS[name], href=f"#{name}") for name in there)
    title = f"{facts.model} on {facts.board_title}"
    body = (
        _head(facts, summary, profiled, title),
        tag("nav", tag("div", *links, search()), aria_label="sections"),
        tag("main", *there.values()),
        tag("footer", f"Made by streamhw {__version__}. Clock frequencies are assumptions until a "
            "design is placed and routed; cells are estimates."),
        tag("div", "", id="tip"),
        about(facts, summary, measured, profiled, errors),
        tag("script", script()),
    )  # fmt: skip
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style()),
    )
    lines = ("<!doctype html>", tag("html", tag("head", *head), tag("body", *body), lang="en"))
    text = "\n".join(lines) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _head(facts: Facts, summary: Summary, profiled: StepProfile | None, title: str) -> Html:
    position, cycles = next(iter(summary.token_cycles.items()))
    rate = facts.clock_mhz * 1e6 / cycles
    queues = sum(stream.depth * stream.bits for stream in facts.streams)
    buffers = sum(part.converter.bits for part in facts.parts if part.converter is not None)
    cards = [
        (f"{cycles:,.0f}", f"cycles a token at position {position}"),
        (f"{rate:,.0f}", f"tokens a second at {facts.clock_mhz:g} MHz (assumed)"),
        *(
            (percent(getattr(summary.total, field), summary.budget[field]), f"of the {name}s")
            for name, field in (("LUT", "luts"), ("DSP", "dsps"), ("block RAM", "block_ram"))
            if summary.budget.get(field)
        ),
        (f"{queues:,}", "bits in FIFOs"),
        (f"{buffers:,}", "bits in converters"),
        (f"{summary.memory_bytes / 1e6:,.1f} MB", "of external memory"),
    ]
    weights = {"checkpoint": "weights of the checkpoint"}.get(facts.weights, facts.weights)
    lead = (
        f"{summary.quantization}; {facts.layers} layers, {weights}; "
        f"{len(facts.parts)} parts, {len(facts.streams)} streams"
    )
    return tag(
        "header",
        tag("h1", title),
        tag("p", lead, cls="lead"),
        _bound(facts, profiled),
        tag("div", *(tag("div", tag("b", value), tag("span", says), cls="card")
                     for value, says in cards), cls="cards"),
    )  # fmt: skip


def _bound(facts: Facts, profiled: StepProfile | None) -> Html:
    """What bounds a step: as it was simulated, else as it is predicted."""
    if profiled is None:
        says, lift = predicted_bound(facts.layer, facts.position)
    else:
        found = bottleneck(profiled)
        says, lift = found.says, found.lift
    return tag("p", tag("b", says), " ", lift, cls="bound")


def _choices(facts: Facts) -> Html:
    rows = [[code(name), value] for name, value in facts.tiling.items()]
    asked = [[code(name), value] for name, value in facts.choices.items() if value != "None"]
    engines = [[code(name), ", ".join(nodes)] for name, nodes in facts.engines.items()]
    return section(
        "choices",
        "Choices",
        "What was asked for, the tiling that was chosen, and the products on each engine.",
        table(("asked for", "value"), asked),
        table(("tiling", "value"), rows),
        table(("engine", "products in order"), engines),
    )
