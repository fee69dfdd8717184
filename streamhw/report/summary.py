# SPDX-License-Identifier: Apache-2.0
"""The numbers of a build: what each kernel costs and takes, every FIFO, the predicted cycles."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..compiler.floorplan.kernel_slices import pieces_of
from ..compiler.floorplan.top_overhead import arbiters, control, guards, observers
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.ir.netlist import Instance
from ..compiler.performance.estimate import Estimate
from ..compiler.resources.fpga_cells import Cells
from ..compiler.sizing.prefetch_depth import queue_beats
from ..stream.control.scope import Scope
from ..stream.itensor.itensor import SymbolValues
from ..stream.spec import KernelSpec, Role
from .facts_of_design import clients_of
from .padding import PaddingShares, padding_shares

__all__ = ["DieRow", "FifoRow", "KernelRow", "MemoryRow", "PortRow", "Summary", "summarize"]

SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class KernelRow:
    """One part: cycles of an invocation at a full token batch and the full context.

    interval, latency: cycles, None for parts without a formula; macs: multiplies a cycle
    computes: whether it makes values; false where they pass, or where lengths come from a step
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
    computes: bool = False
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
    """One memory port: whose DMAs are there, and the cycles that it works in a step at the full
    context."""

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
    """The numbers of a placed design: what a build prints, and ``report.json`` holds."""

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
    padding: PaddingShares

    def to_json(self, stage_seconds: Mapping[str, float]) -> str:
        """The text of ``report.json``, for programs of others: streamhw itself reads none of it.

        stage_seconds: that each stage of the compiler took
        """
        content = {
            "schema": SCHEMA,
            **dataclasses.asdict(self),
            "stage_seconds": dict(stage_seconds),
        }
        return json.dumps(content, indent=2) + "\n"


def summarize(design: PlacedNetlist, weights: str) -> Summary:
    """All numbers of a placed design; ``weights``: where they come from."""
    estimate = Estimate.placed(design)
    placement = design.placement
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
    # The last token of a full context is made from the one before it.
    positions = sorted({min(64, context // 2), max(1, context - 2)})
    prompts = sorted(n for n in {1, 32, 100, context - 1} if n < context)
    answers = estimate.answers(
        [*((at - 1, at + 1) for at in positions), *((n, n + 1) for n in prompts)]
    )
    return Summary(
        model=design.graph.name,
        weights=weights,
        board=design.board.name,
        quantization=f"{design.config.quantization}{design.quantization.exceptions}",
        clock_mhz=design.board.clock_mhz,
        token_batch=design.tiling.token_batch,
        kernels=tuple(_rows(design, estimate.bound())),
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
                clients=clients_of(design, port.name),
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
        token_cycles={str(at): answers[at - 1, at + 1].tokens[0] for at in positions},
        prompt_cycles={str(n): answers[n, n + 1].prompt for n in prompts},
        memory_bytes=design.memory.total,
        parameter_bytes_per_step=design.memory.stride * design.graph.loops[0].trips
        + design.memory.region("tail").bytes,
        padding=padding_shares(design.quantization),
    )


def _rows(design: PlacedNetlist, symbol_values: SymbolValues) -> Iterator[KernelRow]:
    """All parts; what the top adds to them, registers, arbiters and guards; and pieces on other
    dies."""
    for instance in design.instances:
        part = instance.part
        timing = part.timing(symbol_values) if isinstance(part, KernelSpec) else None
        yield KernelRow(
            name=instance.name,
            kind=part.label,
            scope=instance.scope.value,
            interval=None if timing is None else timing.interval,
            latency=None if timing is None else timing.latency,
            macs=part.behaviour().multiplies,
            buffer_bits=sum(memory.bits for memory in part.resources().memories),
            cells=design.placement.cells[instance.name],
            dies=design.placement.dies[instance.name],
            computes=_computes(instance),
        )
    ports = design.placement.ports
    for kind, found in (
        ("control", control(design)),
        ("arbiter", arbiters(design, ports)),
        ("guard", guards(design, ports)),
        ("observer", observers(design, design.placement.dies)),
    ):
        for name in found:
            yield _extra(design, name, kind)
    for instance in design.instances:
        for name, piece in pieces_of(design, instance):
            yield _extra(design, name, "piece", piece.instances)


def _extra(
    design: PlacedNetlist, name: str, kind: str, instances: tuple[str, ...] = ()
) -> KernelRow:
    placement = design.placement
    return KernelRow(
        name=name,
        kind=kind,
        scope=Scope.SHARED.value,
        interval=None,
        latency=None,
        macs=0,
        buffer_bits=sum(s.memory.bits for s in placement.stores if s.owner == name),
        cells=placement.cells[name],
        dies=placement.dies[name],
        instances=instances,
    )


def _computes(instance: Instance) -> bool:
    part = instance.part
    if not isinstance(part, KernelSpec) or part.behaviour().shares:
        return False
    return any(port.role is not Role.STEP for port in part.input_ports)
