# SPDX-License-Identifier: Apache-2.0
"""The compiler in one screen: its stages in order, each a function from level to level."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from ..boards.base import Board
from ..boards.plain import plain_board
from ..errors import DoesNotFitError, InternalError, UserError
from ..frontend.model import Model
from ..near_names import did_you_mean
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from .config import BuildConfig, way_out
from .floorplan.die_partition import partitioned
from .floorplan.place import placed
from .fusion.stage import fuse, on_chip_excess, ungrouped
from .ir.levels import (
    Assigned,
    Dataflow,
    Grouped,
    Mapped,
    Netlist,
    PartitionedNetlist,
    PlacedNetlist,
    Quantized,
    SizedNetlist,
)
from .ir.placement import Slices
from .layers.table import layer_table
from .lowering.insert_converters import insert_converters, insert_forks
from .lowering.stage import lower
from .mapping.engine_sharing import formats_of, share_engines
from .mapping.padding import fitting_model
from .mapping.shrink import Shortage, smaller
from .mapping.tiling import check_tiling, choose_tiling
from .memory_access import with_control, with_memory
from .overrides import Decisions, obey
from .provisional import provisional
from .sizing.stage import with_sized_prefetch
from .stage_list import STAGE_LIST
from .verify import check

__all__ = [
    "STAGES",
    "Source",
    "Stage",
    "check_stage",
    "compile_model",
    "padded_for",
    "quantize_for",
    "stages_before",
]

T = TypeVar("T")
L = TypeVar("L", bound=Quantized)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What compilation begins with: a model, to be quantized, or one that is."""

    model: Model | QuantizedModel
    board: Board
    config: BuildConfig


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A named step of the compiler: a pure function from one level to the next.

    says: what it decides, in a line for reports and progress
    """

    name: str
    takes: type
    gives: type[Quantized]
    run: Callable[[Any], Quantized]
    says: str


def _quantize(source: Source) -> Quantized:
    model, wanted = source.model, source.config.quantization
    made = (
        model
        if isinstance(model, QuantizedModel)
        else quantize_for(model, source.board, source.config)
    )
    if made.config != wanted:
        raise InternalError(f"Model must be quantized with {wanted}, not {made.config}")
    return Quantized(board=source.board, config=source.config, quantization=made.plan)


def _assign(design: Quantized) -> Assigned:
    assignments = share_engines(
        design.graph, formats_of(design.graph, design.quantization), design.config.sharing
    )
    return design.to(Assigned, assignments=assignments)


def _tile(design: Assigned) -> Mapped:
    board, wanted = design.board, design.config
    wanted.check(design.graph.context)
    target = wanted.target(board.target)
    tiling = wanted.tiling or choose_tiling(
        design.graph,
        board,
        target,
        design.assignments,
        design.cache_bits,
        fewer_multipliers=wanted.multipliers is None,
    )
    check_tiling(design.graph, board, design.assignments, tiling)
    return design.to(Mapped, target=target, tiling=tiling)


def _lower(design: Mapped) -> Dataflow:
    instances, channels = lower(
        design.graph,
        design.quantization,
        layer_table().lowering,
        design.tiling,
        design.board.beat_bits,
        design.assignments,
    )
    return design.to(Dataflow, instances=instances, channels=channels)


def _convert(design: Dataflow) -> Dataflow:
    converted = insert_converters(design.instances, design.channels)
    instances, channels = insert_forks(*converted)
    return replace(design, instances=instances, channels=channels)


def _fuse(design: Dataflow) -> Grouped:
    """Groups as if each FIFO were as deep as with every stream on chip; where memory makes some
    deeper, again with as much less."""
    whole, reserve = _on_one_die(ungrouped(design)), 0
    while True:
        grouped = fuse(design, whole, reserve)
        if design.config.cuts is not None or not grouped.fused.cuts:
            return grouped
        over = on_chip_excess(_on_one_die(grouped))
        if over == 0:
            return grouped
        reserve += over


def _on_one_die(grouped: Grouped) -> SizedNetlist:
    """The netlist of grouped kernels with the depths that its streams would get on one die."""
    netlist = with_control(with_memory(grouped))
    slices = Slices({instance.name: (grouped.board.memory_die,) for instance in netlist.instances})
    queues, depths = provisional(netlist)
    return netlist.to(SizedNetlist, slices=slices, queues=queues, depths=depths)


def _partition(design: Netlist) -> PartitionedNetlist:
    instances, channels, slices = partitioned(design)
    return design.to(PartitionedNetlist, instances=instances, channels=channels, slices=slices)


def _size(design: PartitionedNetlist) -> SizedNetlist:
    queues, depths = provisional(design)
    return with_sized_prefetch(design.to(SizedNetlist, queues=queues, depths=depths))


def _place(design: SizedNetlist) -> PlacedNetlist:
    return design.to(PlacedNetlist, placement=placed(design))


def _stage(name: str, takes: type[T], gives: type[L], run: Callable[[T], L]) -> Stage:
    return Stage(name=name, takes=takes, gives=gives, run=run, says=STAGE_LIST[name])


STAGES: tuple[Stage, ...] = (
    _stage("quantize", Source, Quantized, _quantize),
    _stage("assign", Quantized, Assigned, _assign),
    _stage("tile", Assigned, Mapped, _tile),
    _stage("lower", Mapped, Dataflow, _lower),
    _stage("convert", Dataflow, Dataflow, _convert),
    _stage("fuse", Dataflow, Grouped, _fuse),
    _stage("memory", Grouped, Netlist, with_memory),
    _stage("control", Netlist, Netlist, with_control),
    _stage("partition", Netlist, PartitionedNetlist, _partition),
    _stage("size", PartitionedNetlist, SizedNetlist, _size),
    _stage("place", SizedNetlist, PlacedNetlist, _place),
)
"""The compiler; emission (``emit``) turns its result into Verilog."""

AFTER_TILE = 1 + [stage.name for stage in STAGES].index("tile")


def check_stage(name: str | None) -> None:
    """Raises ``UserError`` if a name is given that no stage has."""
    names = [stage.name for stage in STAGES]
    if name is not None and name not in names:
        raise UserError(
            f"Stage must be one of {', '.join(names)}, not {name!r}", hint=did_you_mean(name, names)
        )


def stages_before(name: str) -> tuple[str, ...]:
    """The names of the stages before one, in order."""
    names = tuple(stage.name for stage in STAGES)
    return names[: names.index(name)]


def quantize_for(model: Model, board: Board, config: BuildConfig) -> QuantizedModel:
    """The quantized model, its rows padded to what engines of the board take.

    Raises   as ``quantize``, and ``UserError`` for sizes that there cannot be
    """
    padded = padded_for(model, board, config)
    return quantize(padded, layer_table().quantization, config.quantization)


def padded_for(model: Model, board: Board, config: BuildConfig) -> Model:
    """The model that is quantized: its rows padded to what engines of the board take.

    Raises   ``UserError`` for sizes that there cannot be
    """
    config.check(model.graph.context)
    target = config.target(board.target)
    return fitting_model(model, board, target, config.quantization, config.sharing)


def compile_model(
    model: Model | QuantizedModel,
    board: Board,
    config: BuildConfig | None = None,
    *,
    on_stage: Callable[[str, float], None] | None = None,
    stop: str | None = None,
    decisions: Decisions | None = None,
) -> Quantized:
    """Runs all stages, or those up to ``stop``, and checks what must hold after each.

    Where the board has too few cells, it goes back to tiling for smaller kernels; sizes that the
    configuration gives stay.

    on_stage: called with a stage's name and its seconds when it has ended
    decisions: of an earlier build, to be obeyed in place of what a stage would choose

    Raises   ``UserError`` if ``stop`` is no stage, or the decisions are for another model, board or
             design; what the stages raise
    """
    check_stage(stop)
    config = config or BuildConfig()
    if decisions is not None:
        decisions.check(model.graph, board.name)
        config = replace(
            config,
            sharing=decisions.assign or config.sharing,
            tiling=decisions.tile or config.tiling,
            cuts=config.cuts if decisions.fuse is None else decisions.fuse,
            pins=tuple((decisions.partition or dict(config.pins)).items()),
        )
    design: Any = Source(model=model, board=plain_board(board), config=config)
    stages: list[Stage] = list(STAGES)
    tiled: Mapped | None = None
    while stages:
        stage, begin = stages.pop(0), time.perf_counter()
        try:
            design = stage.run(design)
        except DoesNotFitError as error:
            if tiled is None:
                raise
            # From tiles to fusion and placement again, each time smaller, until it fits.
            design = tiled = _with_less(tiled, error, _node_of(design, error.part))
            stages = list(STAGES[AFTER_TILE:])
            continue
        if decisions is not None:
            design = obey(stage.name, design, decisions)
        check((*stages_before(stage.name), stage.name), design)
        if on_stage is not None:
            on_stage(stage.name, time.perf_counter() - begin)
        if stage.gives is Mapped:
            tiled = design
        if stage.name == stop:
            break
    return cast(Quantized, design)


def _node_of(design: Any, part: str | None) -> str | None:
    """The graph node that a part was placed for, if there are parts yet and it is one of these."""
    parts = design.instances if isinstance(design, Dataflow) else ()
    return next((instance.node for instance in parts if instance.name == part), None)


def _with_less(tiled: Mapped, error: DoesNotFitError, node: str | None) -> Mapped:
    """The design after tiling with the next smaller sizes for what does not fit.

    node: the graph node of the part that does not

    Raises   the error itself if there are none smaller beside those that were asked for
    """
    wanted = tiled.config
    short = Shortage(
        part=error.part,
        node=node,
        between=error.between,
        keep_multipliers=wanted.multipliers is not None,
        keep_batch=wanted.token_batch is not None,
    )
    if wanted.tiling is None:
        tiling = smaller(
            tiled.graph, tiled.board, tiled.assignments, tiled.tiling, short, tiled.cache_bits
        )
        if tiling is not None:
            return replace(tiled, tiling=tiling)
    error.hint = way_out(wanted, error)
    raise error
