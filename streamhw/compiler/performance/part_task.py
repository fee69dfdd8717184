# SPDX-License-Identifier: Apache-2.0
"""The task of a part that works alone: what it takes, gives and waits for, from its formulas."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.spec import Direction, KernelSpec, Port, Role
from ...stream.timing import Timing
from ..ir.levels import Netlist
from ..ir.netlist import Instance
from ..ir.serving import dma_serving
from ..lowering.insert_dma import READ_BUFFER
from .assumptions import Assumptions
from .memoized import beats_of, timing_of
from .memory_latency import read_wait, write_answer, write_wait
from .timeline import Task

__all__ = ["part_task"]


def part_task(design: Netlist, assumptions: Assumptions, instance: Instance) -> Task:
    """The work of an instance that no two products share."""
    part = instance.part
    behaviour = part.behaviour()
    timing = _timing(part.ports, behaviour, part)
    task = Task(
        name=instance.name,
        resource=instance.name,
        timing=timing,
        accept=lambda symbol_values: timing(symbol_values).interval,
        exclusive=behaviour.exclusive,
        window=READ_BUFFER,
        needs=behaviour.row,
        before=_before(behaviour, timing) if assumptions.bounded else None,
        give=_given(part.ports),
    )
    if all(port.role is not Role.MEM_COMMAND for port in part.ports):
        return task
    return _with_memory(design, assumptions, instance, task, behaviour.memory)


def _timing(
    ports: tuple[Port, ...], behaviour: Behaviour, part: object
) -> Callable[[SymbolValues], Timing]:
    if isinstance(part, KernelSpec):
        timing = timing_of(part)
        return _from_rows(timing) if behaviour.late_parameters else timing
    beats, delay = beats_of(ports[0].type), behaviour.delay

    def passing(symbol_values: SymbolValues) -> Timing:
        return Timing(latency=delay, interval=beats(symbol_values), drain=delay)

    return passing


def _from_rows(timing: Callable[[SymbolValues], Timing]) -> Callable[[SymbolValues], Timing]:
    """With a drain that counts from the last beat of the rows: parameters, which come as the result
    leaves, are later. The last row takes as long as the first."""

    def from_rows(symbol_values: SymbolValues) -> Timing:
        found = timing(symbol_values)
        return replace(found, drain=found.latency)

    return from_rows


def _before(
    behaviour: Behaviour, timing: Callable[[SymbolValues], Timing]
) -> Callable[[SymbolValues], int]:
    return lambda symbol_values: behaviour.ahead(symbol_values, timing(symbol_values))


def _given(ports: tuple[Port, ...]) -> Callable[[SymbolValues], int]:
    """Beats of a part's result, one a cycle: as long as they take, whatever came when."""
    results = _values(ports, Direction.OUTPUT)
    return beats_of(results[0]) if len(results) == 1 else lambda _: 0


def _values(ports: tuple[Port, ...], direction: Direction) -> list[ITensor]:
    return [p.type for p in ports if p.role is Role.DATA and p.direction is direction]


def _with_memory(
    design: Netlist, assumptions: Assumptions, instance: Instance, task: Task, use: MemoryUse
) -> Task:
    """The task of a part that has a DMA."""
    board, ports = design.board, instance.part.ports
    pauses = board.memory_times.pause
    dma = dma_serving(design.instances, instance.name).name
    writes = any(port.role is Role.MEM_WRITE for port in ports)
    if writes:
        wait = float(use.asking + write_wait(design, assumptions, instance.name))
    else:
        wait = use.asking + read_wait(design, assumptions, instance.name) + pauses
    moved = use.traffic
    if moved is None:
        (type,) = _values(ports, Direction.INPUT if writes else Direction.OUTPUT)
        moved = partial(_filled, type, board.beat_bits)

    def rest(symbol_values: SymbolValues) -> float:
        if not use.by_token:
            return 0.0
        last = {**symbol_values, "tokens": 1, "length": (_last(symbol_values["length"]),)}
        return max(0.0, use.longer(last, wait) + task.give(last) - 1)

    return replace(
        task,
        wait=wait,
        answer=write_answer(design, assumptions, instance.name) + pauses if writes else 0.0,
        pause=lambda symbol_values: use.longer(symbol_values, wait),
        rest=rest,
        memory=assumptions.port[dma],
        traffic=moved,
        window=design.target.cache_buffer if use.prefetches else READ_BUFFER,
        apart=use.beside,
        writes=writes,
    )


def _filled(type: ITensor, width: int, symbol_values: SymbolValues) -> float:
    """Beats of ``width`` bits of memory that hold a stream's elements."""
    return beats_of(type)(symbol_values) * type.beat_bits / width


def _last(length: int | Sequence[int]) -> int:
    return length if isinstance(length, int) else length[-1]
