# SPDX-License-Identifier: Apache-2.0
"""Why a FIFO is as deep as it is: the rows of the linear program that fix its two ends in time."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from .facts import FlowFacts

__all__ = ["Reason", "Step", "reason", "starts"]

TIGHT = 0.5
"""Cycles of slack below which a row of the program holds with equality."""


@dataclass(frozen=True)
class Step:
    """One tight row on the way: ``forward`` if the way goes from its source to its sink."""

    flow: FlowFacts
    forward: bool


@dataclass(frozen=True)
class Reason:
    """Why the first beat of a stream waits.

    begins: start times of source and sink; path: the tight rows that lead from the stream's source
    to its sink, without the stream: their offsets add up to the difference of the two starts
    """

    flow: FlowFacts
    begins: tuple[float, float]
    path: tuple[Step, ...]

    @property
    def formula(self) -> str:
        """How the depth follows from the delay, with numbers."""
        flow = self.flow
        if flow.write_interval < flow.read_interval - 1e-6:
            return (
                f"written every {flow.write_interval:,.2f} cycles, read every "
                f"{flow.read_interval:,.2f}: what the reader leaves behind, "
                f"at most {flow.tokens:,} beats"
            )
        waiting = ceil((flow.delay + 2) / max(flow.write_interval, 1.0) - 1e-6)
        capped = f", but an activation has only {flow.tokens:,}" if waiting > flow.tokens else ""
        least = ", at least 2" if min(waiting, flow.tokens) < 2 else ""
        return (
            f"ceil(({flow.delay:,.0f} + 2) / {max(flow.write_interval, 1.0):,.2f} cycles a beat) = "
            f"{waiting:,}{capped}{least}"
        )


def starts(flows: Sequence[FlowFacts]) -> dict[str, float]:
    """Start times of the tasks of one activation, the first of each connected group at 0."""
    near: dict[str, list[tuple[str, float]]] = {}
    for flow in flows:
        length = flow.offset + flow.delay
        near.setdefault(flow.source, []).append((flow.sink, length))
        near.setdefault(flow.sink, []).append((flow.source, -length))
    begin: dict[str, float] = {}
    for root in near:
        if root in begin:
            continue
        group = {root: 0.0}
        waiting = deque([root])
        while waiting:
            task = waiting.popleft()
            for other, length in near[task]:
                if other not in group:
                    group[other] = group[task] + length
                    waiting.append(other)
        first = min(group.values())
        begin |= {task: at - first for task, at in group.items()}
    return begin


def reason(flow: FlowFacts, flows: Sequence[FlowFacts]) -> Reason:
    """What fixes the two ends of ``flow``, among all flows of its activation.

    At a corner of the program tight rows connect all tasks, so a way of them leads from any task
    to any other; the shortest one is what a reader wants.
    """
    same = [f for f in flows if f.activation == flow.activation]
    begin = starts(same)
    tight = [f for f in same if f.delay < TIGHT and f.stream != flow.stream]
    reached: dict[str, tuple[str, Step] | None] = {flow.source: None}
    waiting = deque([flow.source])
    while waiting and flow.sink not in reached:
        task = waiting.popleft()
        for other, step in _steps(task, tight):
            if other not in reached:
                reached[other] = (task, step)
                waiting.append(other)
    path: list[Step] = []
    at = flow.sink
    while (came := reached.get(at)) is not None:
        at, step = came
        path.insert(0, step)
    return Reason(flow, (begin[flow.source], begin[flow.sink]), tuple(path))


def _steps(task: str, tight: Sequence[FlowFacts]) -> Iterator[tuple[str, Step]]:
    for flow in tight:
        if flow.source == task:
            yield flow.sink, Step(flow, True)
    for flow in tight:
        if flow.sink == task:
            yield flow.source, Step(flow, False)
