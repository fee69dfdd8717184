# SPDX-License-Identifier: Apache-2.0
"""What the stages decided, as a file that a user may edit and a later build obeys."""

import dataclasses
import hashlib
import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..graph import Graph
from ..json_file import load_json
from ..stream.converter.spec import ConverterSpec
from .config import BuildConfig
from .ir.infrastructure import BURST
from .ir.json_codec import decode, encode
from .ir.levels import (
    Assigned,
    Dataflow,
    Grouped,
    Mapped,
    PartitionedNetlist,
    PlacedNetlist,
    Quantized,
    SizedNetlist,
)
from .ir.netlist import Instance
from .mapping.tiling import Tiling
from .sizing.prefetch_depth import parameter_queue, queue_beats, with_prefetch
from .stage_list import STAGE_LIST

__all__ = ["DECISIONS_FILE", "SECTIONS", "Decisions", "decisions_of", "differing", "obey"]

DECISIONS_FILE = "decisions.json"
VERSION = 2

SECTIONS = ("assign", "tile", "convert", "fuse", "partition", "size", "place")
"""Stages that have a choice; the others follow from these."""

GIVEN = frozenset({"source", "target"})
"""Fields of a converter that the types of its stream give."""


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Choices of a design by the stage that made them; None where the stage shall choose.

    graph: digest of the model's graph; config: what was asked for
    assign: the products of each engine; tile: sizes of all kernels; convert: how each converter is
    built; fuse: streams that go through external memory; size: beats of each stream's queue; place:
    the memory ports of each DMA
    """

    version: int
    model: str
    board: str
    graph: str
    config: BuildConfig
    assign: tuple[tuple[str, ...], ...] | None = None
    tile: Tiling | None = None
    convert: Mapping[str, Mapping[str, bool | int | str]] | None = None
    fuse: tuple[str, ...] | None = None
    partition: Mapping[str, str] | None = None
    size: Mapping[str, int] | None = None
    place: Mapping[str, tuple[str, ...]] | None = None

    def to_json(self) -> str:
        """The text of ``decisions.json``: one choice a line."""
        return json.dumps(encode(self), indent=1) + "\n"

    @classmethod
    def load(cls, path: Path) -> "Decisions":
        """The decisions in a file, or in the folder of a build.

        Raises ``UserError`` if there are none, they are damaged, or of another version.
        """
        file = path / DECISIONS_FILE if path.is_dir() else path
        try:
            data = load_json(file)
        except (FileNotFoundError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise UserError(
                f"Decisions must be a build or its {DECISIONS_FILE}, not {path} ({said})",
                hint="a build writes them; --stop tile writes no more than needed to begin",
            ) from None
        version = data.get("version") if isinstance(data, dict) else None
        if version != VERSION:
            raise UserError(
                f"Decisions {file} must be of version {VERSION}, not {version}",
                hint="build again with this version of streamhw, without --from",
            )
        try:
            return decode(cls, data)
        except ValueError as error:
            raise UserError(
                f"Decisions {file} must be as a build wrote them, but: {error}"
            ) from None

    def before(self, stage: str) -> "Decisions":
        """Those of the stages before ``stage``.

        Raises ``UserError`` if one of them is not there to build on.
        """
        names = list(STAGE_LIST)
        earlier = names[: names.index(stage)]
        later: dict[str, Any] = {}
        for name in SECTIONS:
            if name not in earlier:
                later[name] = None
            elif getattr(self, name) is None:
                raise UserError(
                    f"Decisions must have those of stage {name} to go on from {stage}, "
                    "and have none",
                    hint=f"they come from a build that was stopped earlier: go on from {name}",
                )
        return replace(self, **later)

    def check(self, graph: Graph, board: str) -> None:
        """Raises ``UserError`` if they were made for another model or board."""
        if self.graph != digest_of(graph):
            other = self.model if self.model != graph.name else "another graph of it"
            raise UserError(f"Decisions must be of the model {graph.name} as it is, not of {other}")
        if self.board != board:
            raise UserError(f"Decisions must be for the board {board}, not for {self.board}")


def differing(asked: BuildConfig, decided: BuildConfig) -> Iterator[tuple[str, object, object]]:
    """Choices that were typed (that are not at their defaults) and are not those of the decisions:
    name, value decided, value typed."""
    base, there = dict(_leaves(BuildConfig())), dict(_leaves(decided))
    for name, value in _leaves(asked):
        if value not in (base[name], there[name]):
            yield name, there[name], value


def digest_of(graph: Graph) -> str:
    """What tells graphs apart."""
    return hashlib.sha256(repr(graph).encode()).hexdigest()[:16]


def decisions_of(design: Quantized, asked: BuildConfig) -> Decisions:
    """What the stages that a design went through decided, when a user had asked for that."""
    instances = design.instances if isinstance(design, Dataflow) else ()
    converters = {i.name: _choices(i.part) for i in instances if _converts(i)}
    return Decisions(
        version=VERSION,
        model=design.graph.name,
        board=design.board.name,
        graph=digest_of(design.graph),
        config=asked,
        assign=tuple(b.nodes for b in design.assignments) if isinstance(design, Assigned) else None,
        tile=design.tiling if isinstance(design, Mapped) else None,
        convert=converters if isinstance(design, Grouped) or converters else None,
        fuse=design.fused.cuts if isinstance(design, Grouped) else None,
        partition=_dies(design),
        size={c.name: queue_beats(design, c) for c in design.channels}
        if isinstance(design, SizedNetlist)
        else None,
        place=dict(design.placement.ports) if isinstance(design, PlacedNetlist) else None,
    )


def obey(stage: str, design: Quantized, decisions: Decisions) -> Quantized:
    """The design after a stage with what was decided in place of what the stage chose.

    Engine assignment, tiling, cuts and dies are asked for in the configuration; its rules check
    them.

    Raises ``UserError`` for a decision on something that the design does not have, or a value that
    it cannot have
    """
    if stage == "convert" and decisions.convert is not None and isinstance(design, Dataflow):
        names = {i.name for i in design.instances if _converts(i)}
        _known("convert", decisions.convert, names, "converter")
        instances = tuple(_converted(i, decisions.convert) for i in design.instances)
        return replace(design, instances=instances)
    if stage == "size" and decisions.size is not None and isinstance(design, SizedNetlist):
        _known("size", decisions.size, {c.name for c in design.channels}, "stream")
        return _with_depths(design, decisions.size)
    if stage == "place" and decisions.place is not None and isinstance(design, PlacedNetlist):
        ports = dict(design.placement.ports)
        _known("place", decisions.place, set(ports), "DMA")
        there = {port.name for port in design.board.ports}
        for name, port in ((n, port) for n, at in decisions.place.items() for port in at):
            if port not in there:
                raise UserError(
                    f"Decision place.{name} must be a memory port of {design.board.name} "
                    f"({', '.join(sorted(there))}), not {port}"
                )
        for name, at in decisions.place.items():
            # Of a striped board, an address is right behind one port only.
            in_order = tuple(port.name for port in design.board.ports if port.name in at)
            if tuple(at) != in_order or len(at) != design.board.stripes:
                raise UserError(
                    f"Decision place.{name} must have {design.board.stripes} of the memory ports, "
                    f"in the order of the board, not {', '.join(at) or 'none'}"
                )
        placement = replace(design.placement, ports=ports | dict(decisions.place))
        return replace(design, placement=placement)
    return design


def _leaves(config: BuildConfig) -> Iterator[tuple[str, object]]:
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name == "quantization":
            yield from ((f"quantization.{name}", of) for name, of in vars(value).items())
        else:
            yield field.name, value


def _known(section: str, wanted: Mapping[str, Any], there: set[str], what: str) -> None:
    for name in wanted:
        if name not in there:
            raise UserError(f"Decision {section}.{name} must name a {what} of the design")


def _converts(instance: Instance) -> bool:
    return isinstance(instance.part, ConverterSpec)


def _choices(part: Any) -> dict[str, bool | int | str]:
    return {
        field.name: encode(getattr(part, field.name))
        for field in dataclasses.fields(part)
        if field.init and field.name not in GIVEN
    }


def _dies(design: Quantized) -> dict[str, str] | None:
    """The die of each part that is on one; register slices follow from these."""
    if not isinstance(design, PartitionedNetlist):
        return None
    if not design.board.dies:
        return {}
    return {name: dies[0] for name, dies in design.slices.dies.items() if len(dies) == 1}


def _converted(instance: Instance, wanted: Mapping[str, Mapping[str, Any]]) -> Instance:
    part = instance.part
    if instance.name not in wanted or not isinstance(part, ConverterSpec):
        return instance
    where = f"convert.{instance.name}"
    hints, fields = typing.get_type_hints(type(part)), set(_choices(part))
    for name in wanted[instance.name]:
        if name not in fields:
            raise UserError(
                f"Decision {where} must be one of {', '.join(sorted(fields))}, not {name}"
            )
    try:
        given = {
            name: decode(hints[name], value, f"{where}.{name}")
            for name, value in wanted[instance.name].items()
        }
        return replace(instance, part=replace(part, **given))
    except ValueError as error:
        raise UserError(f"Decision {where} must be possible, but: {error}") from None


def _with_depths(design: SizedNetlist, wanted: Mapping[str, int]) -> SizedNetlist:
    depths, queue = design.depths, parameter_queue(design)
    depth = {n: wanted.get(n, d) for n, d in depths.depth.items()}
    queues = {n: d if n == queue else _sized(n, d, wanted) for n, d in design.queues.items()}
    ahead = wanted.get(queue, depths.ahead)
    if ahead < BURST:
        raise UserError(
            f"Decision size.{queue} must be at least a burst of {BURST} beats, not {ahead}"
        )
    return replace(
        design,
        instances=with_prefetch(design.instances, design.board, ahead),
        queues=queues,
        depths=replace(depths, depth=depth, ahead=ahead),
    )


def _sized(name: str, depth: int, wanted: Mapping[str, int]) -> int:
    depth = wanted.get(name, depth)
    if depth < 0:
        raise UserError(f"Decision size.{name} must be 0 beats or more, not {depth}")
    return depth
