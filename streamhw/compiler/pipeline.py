# SPDX-License-Identifier: Apache-2.0
"""The compiler in one screen: its stages in order, each a pure function from design to design."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..boards.base import Board
from ..errors import DoesNotFitError, UserError
from ..frontend.model import Model
from ..quantization.quantizer import quantize
from .config import BuildConfig, way_out
from .floorplan.die_partition import partitioned
from .floorplan.place import placed
from .fusion.stage import fuse, on_chip_excess
from .ir.design import Design
from .layers.table import layer_table
from .lowering.insert_control import add_control
from .lowering.insert_converters import insert_converters, insert_forks
from .lowering.insert_dma import add_memory_access, parameter_dma
from .lowering.stage import lower
from .mapping.engine_sharing import share_engines
from .mapping.shrink import Shortage, smaller
from .mapping.tiling import check_tiling, choose_tiling
from .memory.layout import plan_memory
from .memory.rules import MemoryContext
from .overrides import Decisions, obey
from .sizing.stage import sized, with_sized_prefetch
from .verify import check

__all__ = ["STAGES", "Stage", "check_stage", "compile_model"]


@dataclass(frozen=True)
class Stage:
    """A named step of the compiler."""

    name: str
    run: Callable[[Design], Design]
    says: str


def _quantize(design: Design) -> Design:
    return replace(
        design,
        quantized=quantize(design.model, layer_table().quantization, design.config.quantization),
    )


def _bind(design: Design) -> Design:
    assignments = share_engines(design.graph, design.known.quantized.plan, design.config.sharing)
    return replace(design, assignments=assignments)


def _tile(design: Design) -> Design:
    board, wanted = design.board, design.config
    if wanted.multipliers is not None and (
        wanted.multipliers < 1 or wanted.multipliers & (wanted.multipliers - 1)
    ):
        raise UserError(
            f"Multipliers must be at least 1 and a power of two, not {wanted.multipliers}"
        )
    if wanted.token_batch is not None and not 2 <= wanted.token_batch <= design.graph.context:
        raise UserError(
            f"Tokens of a step must be at least 2 and at most the context of "
            f"{design.graph.context}, not {wanted.token_batch}"
        )
    if wanted.multipliers is not None:
        board = replace(board, multipliers=wanted.multipliers)
    if wanted.token_batch is not None:
        board = replace(board, token_batch=wanted.token_batch)
    tiling = wanted.tiling or choose_tiling(design.graph, board, design.assignments)
    check_tiling(design.graph, board, design.assignments, tiling)
    return replace(design, board=board, tiling=tiling)


def _lower(design: Design) -> Design:
    known = design.known
    instances, channels = lower(
        design.graph,
        known.quantized.plan,
        layer_table().lowering,
        known.tiling,
        design.board.beat_bits,
        design.assignments,
    )
    return replace(design, instances=instances, channels=channels)


def _convert(design: Design) -> Design:
    converted = insert_converters(design.instances, design.channels)
    instances, channels = insert_forks(*converted)
    return replace(design, instances=instances, channels=channels)


def _fuse(design: Design) -> Design:
    """Groups as if each FIFO were as deep as with every stream on chip; where memory makes some
    deeper, again with as much less."""
    whole, reserve = _queues(_control(_memory(design))), 0
    while True:
        fused = fuse(design, whole, reserve)
        if design.config.cuts is not None or not fused.known.fused.cuts:
            return fused
        over = on_chip_excess(_queues(_control(_memory(fused))))
        if over == 0:
            return fused
        reserve += over


def _memory(design: Design) -> Design:
    known, board = design.known, design.board
    plan = plan_memory(
        MemoryContext(
            quantization=known.quantized.plan,
            tiling=known.tiling,
            assignments=design.assignments,
            beat_bits=board.beat_bits,
        ),
        layer_table().memory,
        board.memory_bytes,
        {
            i.region: spilled
            for i in design.instances
            if i.region is not None and (spilled := i.part.behaviour().memory.spilled)
        },
    )
    with_access = add_memory_access(
        plan,
        known.tiling,
        design.graph.context,
        design.graph.loops[0].trips,
        board.beat_bits,
        board.begins,
        parameter_dma(board, board.prefetch),
        board.cache_buffer,
        design.instances,
        design.channels,
    )
    instances, channels = insert_forks(*with_access)
    return replace(design, memory=plan, instances=instances, channels=channels)


def _control(design: Design) -> Design:
    instances, channels = add_control(
        design.graph, design.known.tiling, design.assignments, design.instances, design.channels
    )
    return replace(design, instances=instances, channels=channels)


def _partition(design: Design) -> Design:
    instances, channels, slices = partitioned(design)
    return replace(design, instances=instances, channels=channels, slices=slices)


def _queues(design: Design) -> Design:
    """With as many parameters ahead as the board allows."""
    channels, depths = sized(design)
    return replace(design, channels=channels, depths=depths)


def _size(design: Design) -> Design:
    return with_sized_prefetch(_queues(design))


def _place(design: Design) -> Design:
    return replace(design, placement=placed(design))


STAGES: tuple[Stage, ...] = (
    Stage("quantize", _quantize, "ranges measured, formats chosen, parameters to integers"),
    Stage("bind", _bind, "which matrix products share an engine"),
    Stage("tile", _tile, "rows and inputs of every engine, lanes and token group"),
    Stage("lower", _lower, "graph nodes to kernels, a type on both ends of every stream"),
    Stage("convert", _convert, "layout converters where types differ, and forks"),
    Stage("fuse", _fuse, "which streams stay on chip"),
    Stage("memory", _memory, "memory map, parameter stream, a DMA for each client"),
    Stage("control", _control, "sequencer, and what it tells every part"),
    Stage("partition", _partition, "dies, and register slices between them"),
    Stage("size", _size, "FIFO depths from a linear program"),
    Stage("place", _place, "memory ports, RAM kinds, the board's budget"),
)
"""The compiler; emission (``emit``) turns its result into Verilog."""

AFTER_TILE = 1 + [stage.name for stage in STAGES].index("tile")


def check_stage(name: str | None) -> None:
    """Raises ``UserError`` if a name is given that no stage has."""
    names = [stage.name for stage in STAGES]
    if name is not None and name not in names:
        raise UserError(f"Stage must be one of {', '.join(names)}, not {name!r}")


def compile_model(
    model: Model,
    board: Board,
    config: BuildConfig | None = None,
    *,
    on_stage: Callable[[str, float], None] | None = None,
    stop: str | None = None,
    decisions: Decisions | None = None,
) -> Design:
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
            sharing=decisions.bind or config.sharing,
            tiling=decisions.tile or config.tiling,
            cuts=config.cuts if decisions.fuse is None else decisions.fuse,
            pins=tuple((decisions.partition or dict(config.pins)).items()),
        )
    design = Design(config=config, board=board, model=model)
    stages, tiled = list(STAGES), design
    while stages:
        stage, begin = stages.pop(0), time.perf_counter()
        try:
            design = stage.run(design)
        except DoesNotFitError as error:
            # From tiles to fusion and placement again, each time smaller, until it fits.
            design = tiled = _with_less(tiled, error)
            stages = list(STAGES[AFTER_TILE:])
            continue
        if decisions is not None:
            design = obey(stage.name, design, decisions)
        check(stage.name, design)
        if on_stage is not None:
            on_stage(stage.name, time.perf_counter() - begin)
        if stage.name == "tile":
            tiled = design
        if stage.name == stop:
            break
    return design


def _with_less(tiled: Design, error: DoesNotFitError) -> Design:
    """The design after tiling with the next smaller sizes for what does not fit.

    Raises   the error itself if there are none smaller beside those that were asked for
    """
    known, wanted = tiled.known, tiled.config
    short = Shortage(
        part=error.part,
        between=error.between,
        keep_multipliers=wanted.multipliers is not None,
        keep_batch=wanted.token_batch is not None,
    )
    if wanted.tiling is None:
        tiling = smaller(tiled.graph, tiled.board, tiled.assignments, known.tiling, short)
        if tiling is not None:
            return replace(tiled, tiling=tiling)
    error.hint = way_out(wanted, error)
    raise error
