# SPDX-License-Identifier: Apache-2.0
"""Edges of a dataflow: from a part that makes a value to one that uses it, and what is between."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ..compiler.ir.netlist import End
from ..errors import UserError
from ..stream.control.scope import Scope
from ..stream.spec import Role
from .facts import Facts, PartFacts, StreamFacts

__all__ = ["DataflowEdge", "edges_of", "find_edge"]

LISTED = 12
"""Names that a hint shows at most."""


@dataclass(frozen=True)
class DataflowEdge:
    """One value's way from a kernel's output to a kernel's input.

    streams: its streams in order; between two of them stands one of ``through``: a fork, a layout
    converter or a register slice
    """

    streams: tuple[StreamFacts, ...]
    through: tuple[PartFacts, ...]

    @property
    def source(self) -> End:
        return self.streams[0].source

    @property
    def sink(self) -> End:
        return self.streams[-1].sink

    @property
    def name(self) -> str:
        """The sink's instance and port: an input has exactly one edge."""
        return self.streams[-1].name

    @property
    def value(self) -> str | None:
        """What it carries; None for control, commands and memory beats."""
        return self.streams[-1].value

    @property
    def scope(self) -> Scope:
        return self.streams[-1].scope

    @property
    def queue_bits(self) -> int:
        """Bits of all its queues."""
        return sum(stream.depth * stream.bits for stream in self.streams)

    def __str__(self) -> str:
        return f"{self.source} -> {self.sink}"


def edges_of(facts: Facts) -> tuple[DataflowEdge, ...]:
    """All edges, in the order of the design's streams."""
    parts = {part.name: part for part in facts.parts}
    into: dict[str, list[StreamFacts]] = {}
    for stream in facts.streams:
        into.setdefault(stream.sink.instance, []).append(stream)

    def passes(name: str) -> bool:
        return name in parts and parts[name].passes

    def walk() -> Iterator[DataflowEdge]:
        for stream in facts.streams:
            if passes(stream.sink.instance) and stream.sink_port.role is Role.DATA:
                continue
            found = [stream]
            through: list[PartFacts] = []
            while passes(at := found[0].source.instance):
                # What else goes into a converter are the values of its symbols.
                (before,) = (s for s in into[at] if s.sink_port.role is Role.DATA)
                found.insert(0, before)
                through.insert(0, parts[at])
            yield DataflowEdge(tuple(found), tuple(through))

    return tuple(walk())


def find_edge(facts: Facts, wanted: str) -> DataflowEdge:
    """The edge that a user means: its name, the name of one of its streams, ``a->b`` of parts or
    ports, or the beginning of any of these; one that carries a value before those that do not.

    Raises ``UserError`` with what is near, or with the edges that fit where several do.
    """
    edges = edges_of(facts)
    text = wanted.replace(" ", "")
    for fits in (_is, _has, _begins):
        found = [edge for edge in edges if fits(edge, text)]
        valued = [edge for edge in found if edge.value is not None]
        if len(found) == 1 or len(valued) == 1:
            return (valued or found)[0]
        if found:
            raise UserError(
                f"Edge {wanted!r} must name one edge, not {len(found)} of them",
                hint=f"write one of {_list(found)}",
            )
    names = {name: edge for edge in edges for name in _names(edge)}
    near = [names[name] for name in get_close_matches(text, names, n=LISTED, cutoff=0.5)]
    near += [edge for edge in edges if text in f"{edge.name} {edge}" and edge not in near]
    raise UserError(
        f"Edge must be one of the build's {len(edges)}, not {wanted!r}",
        hint=f"near it: {_list(list(dict.fromkeys(near)))}"
        if near
        else "`python -m streamhw explain BUILD` lists them",
    )


def _names(edge: DataflowEdge) -> Iterator[str]:
    """Everything that means this edge, without spaces."""
    yield edge.name
    yield f"{edge.source}->{edge.sink}"
    yield f"{edge.source.instance}->{edge.sink.instance}"
    yield str(edge.sink)


def _is(edge: DataflowEdge, text: str) -> bool:
    return text in _names(edge)


def _has(edge: DataflowEdge, text: str) -> bool:
    return any(
        text in (stream.name, f"{stream.source}->{stream.sink}", str(stream.sink))
        for stream in edge.streams
    )


def _begins(edge: DataflowEdge, text: str) -> bool:
    if "->" in text:
        source, sink = text.split("->", 1)
        return str(edge.source).startswith(source) and str(edge.sink).startswith(sink)
    names = (str(edge.source), str(edge.sink), *(stream.name for stream in edge.streams))
    return any(name.startswith(text) for name in names)


def _list(edges: list[DataflowEdge]) -> str:
    names = [edge.name for edge in edges]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
