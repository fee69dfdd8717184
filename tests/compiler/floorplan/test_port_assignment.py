# SPDX-License-Identifier: Apache-2.0
"""Memory ports against all assignments of small random demands."""

import random
from itertools import combinations, product

import pytest

from streamhw.boards.base import MemoryPort
from streamhw.compiler.floorplan.port_assignment import MASTERS, Demand, assign_ports
from streamhw.errors import BuildError


def port(name: str, rate: float = 1.0) -> MemoryPort:
    return MemoryPort(name=name, width=8, beats_per_cycle=rate, latency=1)


def busiest(choice: list[tuple[str, ...]], demands: list[Demand], ports: list[MemoryPort]) -> float:
    cycles = {p.name: 0.0 for p in ports}
    rates = {p.name: p.beats_per_cycle for p in ports}
    for names, demand in zip(choice, demands, strict=True):
        for name in names:
            cycles[name] += demand.bytes / demand.stripes / rates[name]
    return max(cycles.values())


@pytest.mark.parametrize("seed", range(60))
def test_no_assignment_is_better(seed: int) -> None:
    pick = random.Random(seed)
    ports = [port(f"p{n}", pick.choice((0.5, 1.0))) for n in range(pick.randint(1, 3))]
    demands = [
        Demand(
            dma=f"d{n}",
            bytes=pick.choice((0, pick.randint(1, 1000))),
            stripes=pick.randint(1, len(ports)) if pick.random() < 0.3 else 1,
        )
        for n in range(pick.randint(1, 5))
    ]
    names = [p.name for p in ports]
    least = min(
        busiest(list(choice), demands, ports)
        for choice in product(*(list(combinations(names, d.stripes)) for d in demands))
    )
    found = assign_ports(demands, ports)
    assert max(found.cycles.values()) == pytest.approx(least, rel=1e-4, abs=1e-6)
    assert found.bound <= least * (1 + 1e-4) + 1e-6
    for demand in demands:
        at = found.ports[demand.dma]
        assert len(set(at)) == demand.stripes and list(at) == [n for n in names if n in at]


def test_parameters_have_ports_of_their_own() -> None:
    ports = [port("slow", 0.5), *(port(f"p{n}") for n in range(3))]
    demands = [Demand(dma="a", bytes=1), Demand(dma="weights", bytes=900, stripes=2, alone=True)]
    demands += [Demand(dma=f"c{n}", bytes=10) for n in range(4)]
    found = assign_ports(demands, ports)
    assert found.ports["weights"] == ("p0", "p1")
    assert not {"p0", "p1"} & {
        name for d in demands if d.dma != "weights" for name in found.ports[d.dma]
    }
    assert found.cycles["p0"] == found.cycles["p1"] == 450
    assert list(found.ports) == [d.dma for d in demands]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_stripes_are_at_the_ports_of_their_addresses(seed: int, alone: bool) -> None:
    """Whichever is the fastest: what is striped over all has them in their order."""
    pick = random.Random(seed)
    ports = [port(f"p{n}", pick.choice((0.01, 0.125, 0.5, 1.0))) for n in range(4)]
    demands = [
        Demand(dma="weights", bytes=900, stripes=4, alone=alone),
        Demand(dma="cache", bytes=10, stripes=4),
    ]
    found = assign_ports(demands, ports).ports
    assert found["weights"] == found["cache"] == ("p0", "p1", "p2", "p3")


def test_one_port_is_shared() -> None:
    demands = [Demand(dma="weights", bytes=90, alone=True), Demand(dma="cache", bytes=10)]
    assert assign_ports(demands, [port("p")]).cycles == {"p": 100}


def test_alone_on_the_board() -> None:
    found = assign_ports(
        [Demand(dma="weights", bytes=90, stripes=2, alone=True)], [port("a"), port("b")]
    )
    assert found.cycles == {"a": 45, "b": 45} and found.bound == 45


def test_channels_of_hbm() -> None:
    """32 equal ports: parameters striped over 24 of them, caches over the rest."""
    ports = [port(f"p{n}") for n in range(32)]
    demands = [Demand(dma="weights", bytes=24_000, stripes=24, alone=True)]
    demands += [Demand(dma=f"c{n}", bytes=100 + 10 * n) for n in range(20)]
    found = assign_ports(demands, ports)
    others = sorted(found.cycles.values())[:8]
    assert found.cycles["p0"] == 1000
    assert sum(others) == sum(d.bytes for d in demands[1:])
    assert max(others) <= 1.1 * sum(others) / 8
    assert found.bound == 1000


def test_too_many_stripes() -> None:
    with pytest.raises(
        BuildError,
        match=r"^DMA weights must have at most 2 stripes, a memory port each, not 3$",
    ):
        assign_ports([Demand(dma="weights", bytes=1, stripes=3)], [port("a"), port("b")])


def test_too_many_masters() -> None:
    demands = [Demand(dma=f"d{n}", bytes=1) for n in range(MASTERS + 1)]
    with pytest.raises(
        BuildError, match=r"^Memory ports must have at most 16 read DMAs each, but 1 have 17$"
    ):
        assign_ports(demands, [port("a")])
