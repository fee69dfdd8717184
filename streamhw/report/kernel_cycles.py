# SPDX-License-Identifier: Apache-2.0
"""What each kernel did in every cycle of a step: it worked, waited, or had nothing to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..compiler.ir.levels import PlacedNetlist
from ..sim.library import Doing
from ..stream.spec import Direction, Role
from .facts import PartKind
from .facts_of_design import kind_of
from .observed_step import ObservedStep
from .step_beats import Spans, invocation_spans

__all__ = ["KernelCycles", "kernel_cycles"]


@dataclass(frozen=True, kw_only=True)
class KernelCycles:
    """Cycles of a step by what a kernel did in them; they add up to those of the step.

    works: a beat passed, or it computed; input: what it needed next had not come; room: its sink
    did not take what it gave; memory: memory did not give or take what it asked; idle: it had
    nothing to do
    """

    name: str
    kind: PartKind
    works: int
    input: int
    room: int
    memory: int
    idle: int

    @property
    def cycles(self) -> int:
        """Of the step."""
        return self.works + self.input + self.room + self.memory + self.idle

    def share(self, cycles: int) -> float:
        """Of the step's cycles; 0 of a step without any."""
        return cycles / self.cycles if self.cycles else 0.0


def kernel_cycles(
    design: PlacedNetlist, position: int, step: ObservedStep
) -> tuple[KernelCycles, ...]:
    """Of every watched kernel, in the order of the design.

    position: of the token that the step takes

    A kernel has something to do from the first beat that an invocation takes, or asks memory for,
    to the last that it gives, or memory acknowledges. When it has taken all, it lacks no input.
    """
    spans = {
        Direction.INPUT: invocation_spans(design, position, step.taken),
        Direction.OUTPUT: invocation_spans(design, position, step.given),
    }
    found = []
    for instance in design.instances:
        if instance.name not in step.changes:
            continue
        busy, wants = (np.zeros(step.cycles, dtype=bool) for _ in range(2))
        for begin, taken, end in _invocations(design, instance.name, spans, step):
            busy[begin : end + 1] = True
            wants[begin : taken + 1] = True
        doing = _by_cycle(*step.changes[instance.name], step.cycles)
        found.append(_counted(instance.name, kind_of(instance), doing, busy, wants))
    return tuple(found)


@dataclass(kw_only=True)
class _Ports:
    """Spans at the ports of one product of a shared engine, or at all those of another kernel."""

    taken: list[Spans] = field(default_factory=list)
    given: list[Spans] = field(default_factory=list)


def _invocations(
    design: PlacedNetlist,
    name: str,
    spans: Mapping[Direction, Mapping[str, Spans]],
    step: ObservedStep,
) -> Iterator[tuple[int, int, int]]:
    """Cycles in which an invocation begins, has taken all its values, and ends."""
    instance = design.instance(name)
    groups: dict[str | None, _Ports] = {}
    asked: list[int] = []
    acknowledged: list[int] = []
    for channel in (*design.into(name), *design.out_of(name)):
        inward = channel.sink.instance == name
        port = instance.port((channel.sink if inward else channel.source).port)
        if port.role is Role.MEM_COMMAND:
            asked += step.given.get(channel.name, ())
        elif port.role is Role.MEM_DONE:
            acknowledged += step.taken.get(channel.name, ())
        elif port.role is Role.DATA and channel.name in spans[port.direction]:
            group = groups.setdefault(port.context, _Ports())
            (group.taken if inward else group.given).append(spans[port.direction][channel.name])
    for group in groups.values():
        earlier = -1
        invocations = list(zip(*group.taken, *group.given, strict=True))
        for number, ends in enumerate(invocations):
            begin, end = min(first for first, _ in ends), max(last for _, last in ends)
            taken = max((some[number][1] for some in group.taken), default=begin)
            if not group.taken:
                begin = min((c for c in asked if earlier < c < begin), default=begin)
            if not group.given:
                following = invocations[number + 1 : number + 2]
                limit = min((first for ends in following for first, _ in ends), default=step.cycles)
                end = max((c for c in acknowledged if end < c < limit), default=end)
            earlier = end
            yield begin, taken, end


def _by_cycle(cycles: NDArray[np.int64], doing: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """What was done in each cycle, from the changes; before the first nothing is known."""
    before_and_after = np.concatenate(([0], doing))
    found: NDArray[np.int64] = before_and_after[
        np.searchsorted(cycles, np.arange(count), side="right")
    ]
    return found


def _counted(
    name: str,
    kind: PartKind,
    doing: NDArray[np.int64],
    busy: NDArray[np.bool_],
    wants: NDArray[np.bool_],
) -> KernelCycles:
    moves = (doing & Doing.MOVES) != 0
    room = ~moves & ((doing & Doing.LACKS_ROOM) != 0)
    lacks = busy & ~moves & ~room
    inputs = lacks & wants & ((doing & Doing.LACKS_INPUT) != 0)
    memory = lacks & ~inputs & ((doing & Doing.LACKS_MEMORY) != 0)
    works = moves | (lacks & ~inputs & ~memory)
    return KernelCycles(
        name=name,
        kind=kind,
        works=int(works.sum()),
        input=int(inputs.sum()),
        room=int(room.sum()),
        memory=int(memory.sum()),
        idle=int((~(works | inputs | room | memory)).sum()),
    )
