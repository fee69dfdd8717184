# SPDX-License-Identifier: Apache-2.0
"""Memory ports: which DMA uses which, so that the busiest port has as little to do as possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ...boards.base import MemoryPort
from ...errors import BuildError, InternalError

__all__ = ["MASTERS", "Assignment", "Demand", "assign_ports"]

MASTERS = 16
"""DMAs of one direction that may share a port: as many as have an AXI identifier."""
NODES = 1_000


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a DMA moves.

    bytes: of a step at the end of the context
    stripes: ports over which its bytes are spread evenly
    alone: whether it should share its ports with no other DMA, where there are enough
    writes: whether it writes; a port has identifiers for reads and as many for writes
    """

    dma: str
    bytes: float
    stripes: int = 1
    alone: bool = False
    writes: bool = False


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Ports of every DMA, as many as its stripes, in the order of the board: the first stripe is
    behind the first.

    cycles: by port, what it works in a step; bound: no assignment has a busiest port with fewer
    """

    ports: Mapping[str, tuple[str, ...]]
    cycles: Mapping[str, float]
    bound: float


def assign_ports(demands: Sequence[Demand], ports: Sequence[MemoryPort]) -> Assignment:
    """Ports of all DMAs.

    Chooses  ports of their own, the fastest, for demands that want them, as long as others keep
             one; for the rest the assignment with the least busy busiest port: longest first, each
             to the port that is done soonest, and an integer program where that is above the bound
    Raises   ``BuildError`` if a demand has more stripes than there are ports, or more DMAs share
             the ports than there are identifiers
    """
    for demand in demands:
        if demand.stripes > len(ports):
            raise BuildError(
                f"DMA {demand.dma} must have at most {len(ports)} stripes, a memory port each, "
                f"not {demand.stripes}"
            )
    left = sorted(ports, key=_rate, reverse=True)
    found: dict[str, tuple[str, ...]] = {}
    together = list(demands)
    for demand in demands:
        others = [d for d in together if d is not demand]
        needed = max((d.stripes for d in others), default=0)
        if demand.alone and len(left) >= demand.stripes + needed:
            own, left = left[: demand.stripes], left[demand.stripes :]
            found[demand.dma] = tuple(port.name for port in own)
            together = others
    for writes in (False, True):
        count = sum(demand.writes is writes for demand in together)
        if count > MASTERS * len(left):
            kind = "write" if writes else "read"
            raise BuildError(
                f"Memory ports must have at most {MASTERS} {kind} DMAs each, but {len(left)} have "
                f"{count}",
            )
    bound = _bound(together, left)
    shared = _longest_first(together, left)
    if _busiest(shared, together, left) > bound * (1 + 1e-9):
        better, proven = _program(together, left)
        bound = max(bound, proven)
        if _busiest(better, together, left) < _busiest(shared, together, left):
            shared = better
    found |= shared
    cycles = _cycles(found, demands, ports)
    alone = [cycles[name] for d in demands if d not in together for name in found[d.dma]]
    return Assignment(
        ports={d.dma: tuple(p.name for p in ports if p.name in found[d.dma]) for d in demands},
        cycles=cycles,
        bound=max([bound, *alone]),
    )


def _rate(port: MemoryPort) -> float:
    """Bytes a cycle."""
    return float(port.width / 8 * port.beats_per_cycle)


def _cycles(
    found: Mapping[str, Sequence[str]], demands: Sequence[Demand], ports: Sequence[MemoryPort]
) -> dict[str, float]:
    rates = {port.name: _rate(port) for port in ports}
    cycles = {port.name: 0.0 for port in ports}
    for demand in demands:
        for name in found[demand.dma]:
            cycles[name] += demand.bytes / demand.stripes / rates[name]
    return cycles


def _busiest(
    found: Mapping[str, Sequence[str]], demands: Sequence[Demand], ports: Sequence[MemoryPort]
) -> float:
    return max(_cycles(found, demands, ports).values(), default=0.0)


def _bound(demands: Sequence[Demand], ports: Sequence[MemoryPort]) -> float:
    """All work spread evenly, or the largest stripe at the fastest port."""
    if not demands:
        return 0.0
    fastest = max(_rate(port) for port in ports)
    total = sum(d.bytes for d in demands) / sum(_rate(port) for port in ports)
    return max(total, *(d.bytes / d.stripes / fastest for d in demands))


def _longest_first(
    demands: Sequence[Demand], ports: Sequence[MemoryPort]
) -> dict[str, tuple[str, ...]]:
    busy = {port.name: 0.0 for port in ports}
    masters = {(port.name, writes): 0 for port in ports for writes in (False, True)}
    rates = {port.name: _rate(port) for port in ports}
    found = {}
    for demand in sorted(demands, key=lambda d: -d.bytes / d.stripes):
        part = demand.bytes / demand.stripes

        def done(name: str, part: float = part, writes: bool = demand.writes) -> tuple[bool, float]:
            return masters[name, writes] >= MASTERS, busy[name] + part / rates[name]

        chosen = sorted(busy, key=done)[: demand.stripes]
        for name in chosen:
            busy[name] += part / rates[name]
            masters[name, demand.writes] += 1
        found[demand.dma] = tuple(name for name in busy if name in chosen)
    return found


def _program(
    demands: Sequence[Demand], ports: Sequence[MemoryPort]
) -> tuple[dict[str, tuple[str, ...]], float]:
    """The least busy busiest port, and what the search proved of it."""
    count, width = len(ports), len(demands) * len(ports) + 1
    unit = max(1.0, _bound(demands, ports))
    each = np.zeros((len(demands), width))
    busy = np.zeros((count, width))
    masters = np.zeros((2 * count, width))
    busy[:, -1] = -1
    for d, demand in enumerate(demands):
        for p, port in enumerate(ports):
            each[d, d * count + p] = masters[p + demand.writes * count, d * count + p] = 1
            busy[p, d * count + p] = demand.bytes / demand.stripes / _rate(port) / unit
    stripes = [d.stripes for d in demands]
    price = np.zeros(width)
    price[-1] = 1
    found = milp(
        price,
        integrality=[1] * (width - 1) + [0],
        bounds=Bounds(0, [1] * (width - 1) + [np.inf]),
        constraints=[
            LinearConstraint(each, stripes, stripes),
            LinearConstraint(busy, -np.inf, 0),
            LinearConstraint(masters[masters.any(axis=1)], 0, MASTERS),
        ],
        options={"mip_rel_gap": 1e-6, "node_limit": NODES},
    )
    if found.x is None:
        raise InternalError(f"Program of memory ports must have an answer, but: {found.message}")
    taken = found.x[:-1].reshape(len(demands), count) > 0.5
    names = np.array([port.name for port in ports])
    return (
        {d.dma: tuple(map(str, names[taken[i]])) for i, d in enumerate(demands)},
        float(found.mip_dual_bound) * unit,
    )
