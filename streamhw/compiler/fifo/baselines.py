# SPDX-License-Identifier: Apache-2.0
"""What our depths are compared with: the published program read literally, and high-water marks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from ...errors import InternalError
from .constraints import MINIMUM, Equalization, Profile, max_tokens
from .network import Network
from .simulate import simulate

__all__ = ["DelayEdge", "delays", "high_water", "profile", "published"]


@dataclass(frozen=True, kw_only=True)
class DelayEdge:
    """A stream between two kernels as the published model knows it: how the source gives its
    beats and the sink takes them, each run alone."""

    name: str
    source: str
    sink: str
    written: Profile
    read: Profile


def published(network: Network, equalization: Equalization) -> dict[str, int]:
    """Depths by StreamTensor (MICRO'25) section 5: delays from a program over all paths, beats
    from its two equations, intervals as they are or all as the slowest. At least ``MINIMUM``."""
    edges = profile(network)
    delay = delays(edges)
    slowest = max([e.written.interval for e in edges] + [e.read.interval for e in edges])

    def paced(profile: Profile) -> Profile:
        if equalization is Equalization.NORMAL:
            return profile
        return Profile(initial=profile.initial, interval=slowest, beats=profile.beats)

    return {
        e.name: max(MINIMUM, max_tokens(paced(e.written), paced(e.read), delay[e.name]))
        for e in edges
    }


def delays(edges: list[DelayEdge]) -> dict[str, float]:
    """The published program: the least sum of delays, so that for every two kernels and every
    path between them the delays on it are at least the most initial delay of any such path."""
    initial: dict[str, float] = {}
    for e in edges:
        initial[e.source] = max(initial.get(e.source, 0.0), e.written.initial)
    index = {e.name: i for i, e in enumerate(edges)}
    rows: list[np.ndarray] = []
    bounds: list[float] = []
    for start in dict.fromkeys(e.source for e in edges):
        paths: dict[str, list[list[DelayEdge]]] = {}
        for path in _paths(edges, start):
            paths.setdefault(path[-1].sink, []).append(path)
        for group in paths.values():
            threshold = max(sum(initial[e.source] for e in path) for path in group)
            for path in group:
                row = np.zeros(len(edges))
                row[[index[e.name] for e in path]] = -1.0
                rows.append(row)
                bounds.append(-threshold)
    answer = linprog(np.ones(len(edges)), A_ub=np.array(rows), b_ub=bounds, method="highs")
    if answer.status != 0:
        raise InternalError(f"Published program must have a solution: {answer.message}")
    return dict(zip(index, answer.x.tolist(), strict=True))


def _paths(edges: list[DelayEdge], start: str) -> Iterator[list[DelayEdge]]:
    for edge in edges:
        if edge.source == start:
            yield [edge]
            for rest in _paths(edges, edge.sink):
                yield [edge, *rest]


def profile(network: Network) -> list[DelayEdge]:
    """Every kernel run alone, its inputs always there, its outputs always taken; a buffer with
    its two tasks is one kernel."""
    kernel = {task.name: task.name for task in network.tasks}
    for buffer in network.buffers:
        kernel[buffer.reader] = kernel[buffer.writer]
    alone = simulate(Network(tasks=network.tasks, wires=(), buffers=network.buffers))
    begin: dict[str, int] = {}
    latency = {task.name: task.latency for task in network.tasks}
    for name, cycles in alone.firings.items():
        begin[kernel[name]] = min(begin.get(kernel[name], cycles[0]), cycles[0])
    edges = []
    for wire in network.wires:
        gives = [alone.firings[wire.source][n] + latency[wire.source] for n in wire.given]
        takes = [alone.firings[wire.sink][n] for n in wire.taken]
        edges.append(
            DelayEdge(
                name=wire.name,
                source=kernel[wire.source],
                sink=kernel[wire.sink],
                written=_profile(gives, begin[kernel[wire.source]]),
                read=_profile(takes, begin[kernel[wire.sink]]),
            )
        )
    return edges


def _profile(cycles: list[int], begin: int) -> Profile:
    beats = len(cycles)
    interval = (cycles[-1] - cycles[0]) / (beats - 1) if beats > 1 else 1.0
    return Profile(initial=cycles[0] - begin, interval=interval, beats=beats)


def high_water(network: Network) -> Mapping[str, int]:
    """Depths that were once used: peaks of a run with queues without bound."""
    return {name: max(MINIMUM, peak) for name, peak in simulate(network).peaks.items()}
