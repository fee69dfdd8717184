# SPDX-License-Identifier: Apache-2.0
"""What must hold after each stage; a broken rule is a fault of the compiler, said by name."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise

from ..errors import InternalError
from ..graph import Linear
from ..kernels.base import Direction
from .control import open_ports
from .design import PARAMETERS, Design

__all__ = ["RULES", "check"]

Rule = Callable[[Design], None]
"""Raises ``InternalError`` if a design breaks it."""


def check(stage: str, design: Design) -> None:
    """Raises ``InternalError`` for the first rule that does not hold after a stage."""
    for begins, rules in RULES.items():
        if ORDER.index(begins) <= ORDER.index(stage):
            for rule in rules:
                rule(design)


def _formats(design: Design) -> None:
    quantised = design.known.quantised
    for node, _ in design.graph.walk():
        if node.name not in quantised.formats:
            raise InternalError(f"Node {node.name} must have a format after quantisation")


def _bound_once(design: Design) -> None:
    bound = Counter(name for b in design.bindings for name in b.nodes)
    for node, _ in design.graph.walk():
        if isinstance(node.op, Linear) and bound[node.name] != 1:
            raise InternalError(
                f"Node {node.name} must be bound to one engine, not {bound[node.name]}"
            )


def _names(design: Design) -> None:
    for kind, names in (
        ("Instance", [i.name for i in design.instances]),
        ("Stream", [c.name for c in design.channels]),
    ):
        for name, count in Counter(names).items():
            if count != 1:
                raise InternalError(f"{kind} {name} must be unique, not there {count} times")


def _ends(design: Design) -> None:
    """Streams begin at outputs, end at inputs, and both exist with the type they claim."""
    instances = {i.name: i for i in design.instances}
    for channel in design.channels:
        for end, direction, claimed in (
            (channel.source, Direction.OUTPUT, channel.produced),
            (channel.sink, Direction.INPUT, channel.consumed),
        ):
            if end.instance in (PARAMETERS, "sequencer") and end.instance not in instances:
                continue
            if end.instance not in instances:
                raise InternalError(f"Stream {channel} must end at parts, not {end}")
            ports = {port.name: port for port in instances[end.instance].part.ports}
            if end.port not in ports:
                raise InternalError(f"Stream {channel} must end at ports, not {end}")
            if ports[end.port].direction is not direction:
                raise InternalError(f"Stream {channel} must run from output to input, not {end}")
            type = ports[end.port].type
            # Raw ports say nothing about the number of beats.
            agree = type.is_same_stream(claimed) if type.loops else type.fmt == claimed.fmt
            if not agree:
                raise InternalError(
                    f"Stream {channel} must have the type of {end}, {type}, not {claimed}"
                )


def _one_reader(design: Design) -> None:
    for what, ends in (
        ("read", [c.source for c in design.channels]),
        ("written", [c.sink for c in design.channels]),
    ):
        for end, count in Counter(ends).items():
            if count != 1:
                raise InternalError(f"Port {end} must be {what} by one stream, not {count}")


def _types_agree(design: Design) -> None:
    for channel in design.channels:
        if not channel.produced.is_same_stream(channel.consumed):
            raise InternalError(
                f"Stream {channel} must have one type, not {channel.produced} at its source and "
                f"{channel.consumed} at its sink"
            )


def _closed(design: Design) -> None:
    for instance, port in open_ports(design.instances, design.channels):
        raise InternalError(f"Port {instance.name}.{port.name} must have a stream, but has none")


def _memory(design: Design) -> None:
    regions = sorted(design.known.memory.regions, key=lambda r: r.offset)
    for before, after in pairwise(regions):
        if before.end > after.offset:
            raise InternalError(f"Region {after.name} must not overlap {before.name}")


def _depths(design: Design) -> None:
    for name, depth in design.known.depths.depth.items():
        (channel,) = (c for c in design.channels if c.name == name)
        if channel.depth < depth:
            raise InternalError(f"Stream {name} must have {depth} beats, not {channel.depth}")


def _ports(design: Design) -> None:
    known = {port.name for port in design.board.ports}
    for name, port in design.known.placement.ports.items():
        if port not in known:
            raise InternalError(f"DMA {name} must use a port of the board, not {port}")


ORDER = (
    "quantise",
    "bind",
    "tile",
    "lower",
    "convert",
    "fuse",
    "memory",
    "control",
    "size",
    "place",
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "quantise": (_formats,),
    "bind": (_bound_once,),
    "lower": (_names, _ends),
    "convert": (_types_agree, _one_reader),
    "memory": (_memory,),
    "control": (_closed,),
    "size": (_depths,),
    "place": (_ports,),
}
"""Rules by the stage after which they begin to hold."""
