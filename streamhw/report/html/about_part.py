# SPDX-License-Identifier: Apache-2.0
"""Everything about a box of the graph: what it is, when it works and waits, its streams."""

from collections.abc import Iterator, Sequence

from ...reference.rounding_error import RoundingError
from ..facts import ConverterFacts, Facts, PartFacts
from ..profile import StepProfile
from ..summary import KernelRow, Summary
from .layer_errors import error_bars
from .markup import Content, Html, join, opener, tag
from .memory import names_of_ports
from .profile import states
from .resources import KINDS
from .shares import shares

__all__ = ["about_part"]


def about_part(
    name: str,
    part: PartFacts,
    facts: Facts,
    summary: Summary,
    profiled: StepProfile | None,
    errors: Sequence[RoundingError],
) -> Html:
    """``name``: of the box, which may be one product of an engine, or one side of a part."""
    row = next((row for row in summary.kernels if row.name == part.name), None)
    values = _values(name, facts)
    own = [error for error in errors if error.value in values]
    return tag(
        "div",
        tag("dl", *_list(_facts(name, part, facts, row))),
        _states(part, profiled),
        tag("h4", "Error by layer, from quantization") if own else None,
        *error_bars(own),
        *_streams(name, part, facts),
    )


def _values(name: str, facts: Facts) -> set[str]:
    """Names of the values that the box gives, and its own."""
    given = (
        stream.value
        for stream in facts.streams
        if name in (stream.source.instance, stream.source_port.context)
    )
    return {name, *(value for value in given if value is not None)}


def _list(pairs: Iterator[tuple[str, Content]]) -> Iterator[Html]:
    for term, what in pairs:
        yield tag("dt", term)
        yield tag("dd", what)


def _facts(
    name: str, part: PartFacts, facts: Facts, row: KernelRow | None
) -> Iterator[tuple[str, Content]]:
    yield "what", f"{part.kind.value}: {part.label}"
    products = facts.engines.get(part.name, ())
    if name in products:
        yield "on", part.name
    if products:
        yield "products", ", ".join(products)
    yield "scope", part.scope.value
    if part.die is not None:
        yield "die", part.die
    if part.converter is not None:
        yield from _buffer(part.converter)
    if row is not None:
        yield from _costs(row)
    for run in facts.parameters:
        if run.node == name:
            yield "parameters", f"{run.bytes:,} bytes in each {run.invocation}"
    ports = [port for port, clients in facts.clients.items() if name in clients]
    if ports:
        yield "memory ports", names_of_ports(ports)
    for activity in facts.activities:
        if activity.task == name and activity.layer in (None, min(1, facts.layers - 1)):
            (first, last), (begin, end) = activity.input, activity.output
            yield (
                f"in {activity.invocation}",
                f"takes in cycles {first:,.0f} to {last:,.0f}, gives in {begin:,.0f} to "
                f"{end:,.0f} of the step",
            )


def _buffer(converter: ConverterFacts) -> Iterator[tuple[str, Content]]:
    bits, pingpong = converter.bits, converter.pingpong_bits
    yield "buffer", f"{converter.kind}, {bits:,} bits; two alternating blocks: {pingpong:,}"
    if converter.bound_bits is not None:
        yield "least", f"{converter.bound_bits:,} bits, the peak live elements"
    yield "shared loops", ", ".join(converter.shared) or "none"


def _costs(row: KernelRow) -> Iterator[tuple[str, Content]]:
    if row.interval is not None:
        yield "a layer", f"interval {row.interval:,}, latency {row.latency or 0:,} cycles"
    if row.macs:
        yield "multiplies", f"{row.macs:,} a cycle"
    cells = ((label, getattr(row.cells, field)) for label, field in KINDS)
    yield "cells", ", ".join(f"{n:,} {label}" for label, n in cells if n) or "none"


def _states(part: PartFacts, profiled: StepProfile | None) -> Html | None:
    kernels = () if profiled is None else profiled.kernels
    made = next((kernel for kernel in kernels if kernel.name == part.name), None)
    if made is None:
        return None
    title = tag("h4", f"In a simulated step of {made.cycles:,} cycles")
    return join((title, shares(states(made))))


def _streams(name: str, part: PartFacts, facts: Facts) -> Iterator[Html]:
    """Its streams: of a product of an engine those of this product, else all of the part."""
    products = facts.engines.get(part.name, ())
    found: dict[str, list[Content]] = {"Takes": [], "Gives": []}
    for stream in facts.streams:
        for title, end, port, other in (
            ("Takes", stream.sink, stream.sink_port, stream.source),
            ("Gives", stream.source, stream.source_port, stream.sink),
        ):
            if end.instance == part.name and (name not in products or port.context == name):
                way = "from" if title == "Takes" else "to"
                row = (opener("edge", stream.name), f" {way} ", opener("part", other.instance))
                found[title].append(tag("li", *row))
    for title, rows in found.items():
        if rows:
            yield tag("h4", title)
            yield tag("ul", *rows)
