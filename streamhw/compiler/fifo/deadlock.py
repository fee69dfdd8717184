# SPDX-License-Identifier: Apache-2.0
"""Who may wait for whom: deadlock freedom at every value of the symbols, at whatever speeds."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ...errors import InternalError

__all__ = ["Verdict", "WaitGraph", "WaitLink", "WaitReason", "prove", "verify_waits"]

LEVELS = 5
"""Invocations in a row that are looked at: only carried results lead up, and by one."""

Node = tuple[str, int]
"""A process in an invocation."""


@dataclass(frozen=True, kw_only=True)
class WaitLink:
    """A stream from one process to another.

    holds: invocations of which its queue holds all beats, at the bounds of all symbols
    later: invocations by which the sink is behind: 1 if it carries results to the next one
    """

    name: str
    source: str
    sink: str
    holds: int
    later: int = 0


@dataclass(frozen=True, kw_only=True)
class WaitGraph:
    """The processes of a design: what runs on its own and waits for one thing at a time.

    links: streams, and buffers inside of parts
    after: (process, process that must have ended in the same invocation): turns of one resource
    again: (process, process that must have ended in the invocation before): a buffer's next use
    """

    links: tuple[WaitLink, ...]
    after: tuple[tuple[str, str], ...] = ()
    again: tuple[tuple[str, str], ...] = ()


class WaitReason(Enum):
    """Reasons why a stream's queue is part of no deadlock."""

    HOLDS = "holds all beats"
    BRIDGE = "no way back"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Verdict:
    """Why a stream's queue is in no deadlock; ``way``: processes on the way that is left to the
    schedule, from its sink to its source, each waiting for the next."""

    stream: str
    why: WaitReason
    way: tuple[str, ...] = ()


def prove(waits: WaitGraph) -> tuple[Verdict, ...]:
    """A verdict for each link.

    Theorem  In a deadlock some processes are in a dependency cycle. They cannot all wait for data,
             since streams of one invocation have no cycle; so one of them waits for a slot. If a
             FIFO holds a whole invocation, its source never waits for a slot for a beat of the
             invocation that its sink is in. If from the sink, over everything that processes may
             ever wait for, there is no path back to the source but the stream itself, which is
             full and so not what its sink waits for, then it is in no cycle. No number of beats,
             no length and no speed is in the argument: it holds for all.
    """
    edges = _edges(waits)
    verdicts = []
    for link in waits.links:
        if link.holds:
            verdicts.append(Verdict(link.name, WaitReason.HOLDS))
            continue
        # Invocations are alike: one with some before and behind it stands for all.
        way = _way(edges, link, LEVELS // 2)
        verdicts.append(Verdict(link.name, WaitReason.SCHEDULE if way else WaitReason.BRIDGE, way))
    return tuple(verdicts)


def verify_waits(waits: WaitGraph, verdicts: Sequence[Verdict], scheduled: Iterable[str]) -> None:
    """Checks verdicts anew; what is left to a schedule must be a stream of one.

    Raises  ``InternalError`` with the stream and the cycle that it could close
    """
    known = set(scheduled)
    if prove(waits) != tuple(verdicts):
        raise InternalError("Verdicts must follow from who waits for whom")
    for verdict in verdicts:
        if verdict.why is WaitReason.SCHEDULE and verdict.stream not in known:
            cycle = " -> ".join((verdict.way[-1], *verdict.way))
            raise InternalError(
                f"Stream {verdict.stream} must hold all beats of an invocation, or {cycle} "
                "may wait for each other for ever"
            )


def _edges(waits: WaitGraph) -> Mapping[Node, list[tuple[Node, str | None]]]:
    """(who is waited for, the link whose data is waited for) by who waits."""
    found: dict[Node, list[tuple[Node, str | None]]] = {}

    def wait(who: Node, what: Node, link: str | None = None) -> None:
        if 0 <= who[1] < LEVELS and 0 <= what[1] < LEVELS:
            found.setdefault(who, []).append((what, link))

    processes = dict.fromkeys(t for link in waits.links for t in (link.source, link.sink))
    for level in range(LEVELS):
        for link in waits.links:
            source, sink = (link.source, level), (link.sink, level + link.later)
            wait(sink, source, link.name)
            if not link.holds:
                wait(source, sink)
            # What invocations before have left in the queue.
            wait(source, (link.sink, level + link.later - max(1, link.holds)))
        for process in processes:
            wait((process, level), (process, level - 1))
        for process, before in waits.after:
            wait((process, level), (before, level))
        for process, before in waits.again:
            wait((process, level), (before, level - 1))
    return found


def _way(
    edges: Mapping[Node, list[tuple[Node, str | None]]], link: WaitLink, level: int
) -> tuple[str, ...]:
    """The shortest way from the link's sink back to its source, not over its own data."""
    begin, goal = (link.sink, level + link.later), (link.source, level)
    came: dict[Node, Node | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        node = waiting.popleft()
        for other, data in edges.get(node, ()):
            if other in came or (node == begin and data == link.name):
                continue
            came[other] = node
            if other == goal:
                way: list[str] = []
                at: Node | None = other
                while at is not None:
                    way.insert(0, at[0])
                    at = came[at]
                return tuple(way)
            waiting.append(other)
    return ()
