# SPDX-License-Identifier: Apache-2.0
"""The numbers of a build: what each kernel costs and takes, every FIFO, the predicted cycles."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from ..compiler.backend.build_dir import REPORT_FILE
from ..compiler.floorplan.kernel_slices import pieces_of
from ..compiler.ir.json_codec import decode
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Instance
from ..compiler.ir.placement import Placement
from ..compiler.performance.estimate import Estimate
from ..compiler.resources.fpga_cells import Cells
from ..compiler.sizing.prefetch_depth import queue_beats
from ..errors import UserError
from ..kernels.attention.scores import ScoresSpec
from ..kernels.attention.values import ValuesSpec
from ..kernels.matmul.spec import MatmulSpec
from ..stream.control.scope import Scope
from ..stream.spec import KernelSpec, Piece

__all__ = ["DieRow", "FifoRow", "KernelRow", "MemoryRow", "PortRow", "Summary", "summarize"]

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class KernelRow:
    """One part: cycles of an activation at a full group and the full context.

    interval, latency: cycles, None for parts without a formula; macs: multiplies a cycle
    buffer_bits: of its own memories; cells: the estimate
    dies: the dies that it touches, from its inputs to its outputs
    instances: of a piece, the submodules of its part that it is made of
    """

    name: str
    kind: str
    scope: str
    interval: int | None
    latency: int | None
    macs: int
    buffer_bits: int
    cells: Cells
    dies: tuple[str, ...]
    instances: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FifoRow:
    """One stream: ``depth`` beats of ``width`` bits; ``delay`` cycles that its first beat waits in
    the FIFO program's answer, None for streams outside it; ``proof``: why it is in no deadlock."""

    name: str
    source: str
    depth: int
    width: int
    type: str
    delay: float | None
    binding: bool
    proof: str


@dataclass(frozen=True, kw_only=True)
class MemoryRow:
    """One on-chip memory: ``owner`` is a part or a queue, ``kind`` what it is made of."""

    owner: str
    width: int
    depth: int
    readers: int
    kind: str
    die: str


@dataclass(frozen=True, kw_only=True)
class PortRow:
    """One memory port: its DMAs, and the cycles that it works in a step at the full context."""

    name: str
    clients: tuple[str, ...]
    cycles: float


@dataclass(frozen=True, kw_only=True)
class DieRow:
    """One die: cells of all that is on it, and what it has."""

    name: str
    memory: bool
    parts: int
    cells: Cells
    budget: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What ``report.json`` holds."""

    model: str
    weights: str
    board: str
    quantization: str
    clock_mhz: float
    token_batch: int
    kernels: tuple[KernelRow, ...]
    fifos: tuple[FifoRow, ...]
    memories: tuple[MemoryRow, ...]
    ports: tuple[PortRow, ...]
    dies: tuple[DieRow, ...]
    crossing_bits: int
    queues: Cells
    total: Cells
    budget: dict[str, int]
    token_cycles: dict[str, float]
    prompt_cycles: dict[str, float]
    memory_bytes: int
    parameter_bytes_per_step: int
    stage_seconds: dict[str, float]

    def to_json(self) -> str:
        """The text of ``report.json``."""
        return json.dumps({"schema": SCHEMA, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def load(cls, folder: Path) -> "Summary":
        """The summary of the build in a folder; raises ``UserError`` if it is none."""
        file = folder / REPORT_FILE
        try:
            data = json.loads(file.read_text())
            if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
                raise ValueError(f"schema must be {SCHEMA}")
            return decode(cls, data)
        except (OSError, ValueError) as error:
            raise UserError(
                f"Build {folder} must be whole, but {file.name} is damaged: {error}",
                hint="build it again",
            ) from None


def summarize(design: PlacedNetlist, weights: str, stage_seconds: dict[str, float]) -> Summary:
    """All numbers of a placed design."""
    estimate = Estimate.placed(design)
    symbol_values = estimate.bound()
    placement = design.placement
    rows = []
    for instance in design.instances:
        interval = latency = None
        if isinstance(instance.part, KernelSpec):
            timing = instance.part.timing(symbol_values)
            interval, latency = timing.interval, timing.latency
        rows.append(
            KernelRow(
                name=instance.name,
                kind=_kind(instance),
                scope=instance.scope.value,
                interval=interval,
                latency=latency,
                macs=_macs(instance),
                buffer_bits=sum(m.bits for m in instance.part.resources().memories),
                cells=placement.cells[instance.name],
                dies=placement.dies[instance.name],
            )
        )
    pieces = {n: piece for i in design.instances for n, piece in pieces_of(design, i)}
    for name in placement.cells:
        if name not in {row.name for row in rows}:
            rows.append(_extra(name, placement, pieces.get(name)))
    fifos = tuple(
        FifoRow(
            name=c.name,
            source=str(c.source),
            depth=depth,
            width=c.consumed.beat_bits,
            type=str(c.consumed),
            delay=design.depths.delay.get(c.name),
            binding=c.name in design.depths.binding,
            proof=design.depths.proof(c.name),
        )
        for c in design.channels
        if (depth := queue_beats(design, c))
    )
    context = design.graph.context
    positions = sorted({min(64, context // 2), context - 2})
    prompts = sorted(n for n in {1, 32, 100, context - 1} if n < context)
    answers = estimate.answers(
        [*((at - 1, at + 2) for at in positions), *((n, n + 1) for n in prompts)]
    )
    return Summary(
        model=design.graph.name,
        weights=weights,
        board=design.board.name,
        quantization=str(design.config.quantization),
        clock_mhz=design.board.clock_mhz,
        token_batch=design.tiling.token_batch,
        kernels=tuple(rows),
        fifos=fifos,
        memories=tuple(
            MemoryRow(
                owner=store.owner,
                width=store.memory.width,
                depth=store.memory.depth,
                readers=store.memory.readers,
                kind=store.kind.value,
                die=store.die,
            )
            for store in placement.stores
        ),
        ports=tuple(
            PortRow(
                name=port.name,
                clients=tuple(name for name, at in placement.ports.items() if port.name in at),
                cycles=placement.port_cycles[port.name],
            )
            for port in design.board.ports
        ),
        dies=tuple(
            DieRow(
                name=die.name,
                memory=die.memory,
                parts=sum(at[-1] == die.name for at in placement.dies.values()),
                cells=placement.used[die.name],
                budget=dataclasses.asdict(die.budget),
            )
            for die in design.board.stack
        ),
        crossing_bits=placement.crossing_bits,
        queues=placement.queues,
        total=placement.total,
        budget=dataclasses.asdict(design.board.budget),
        token_cycles={str(at): answers[at - 1, at + 2].tokens[0] for at in positions},
        prompt_cycles={str(n): answers[n, n + 1].prompt for n in prompts},
        memory_bytes=design.memory.total,
        parameter_bytes_per_step=design.memory.stride * design.graph.loops[0].trips
        + design.memory.region("tail").bytes,
        stage_seconds=stage_seconds,
    )


def _extra(name: str, placement: Placement, piece: Piece | None) -> KernelRow:
    """What the top adds to the parts, registers and arbiters, and pieces on other dies."""
    return KernelRow(
        name=name,
        kind="piece" if piece else name.rpartition("_")[2],
        scope=Scope.SHARED.value,
        interval=None,
        latency=None,
        macs=0,
        buffer_bits=sum(s.memory.bits for s in placement.stores if s.owner == name),
        cells=placement.cells[name],
        dies=placement.dies[name],
        instances=piece.instances if piece else (),
    )


def _kind(instance: Instance) -> str:
    return instance.part.label


def _macs(instance: Instance) -> int:
    part = instance.part
    if isinstance(part, MatmulSpec):
        return part.rows * part.input_lanes
    return part.lanes if isinstance(part, ScoresSpec | ValuesSpec) else 0
