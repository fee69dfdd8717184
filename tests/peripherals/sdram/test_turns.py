# SPDX-License-Identifier: Apache-2.0
"""Turns: nothing lost, each direction in order, groups while both wait, and no waiting for gaps."""

import itertools

import pytest
from amaranth.hdl import Value

from streamhw.peripherals.sdram.turns import GROUP, Turns
from streamhw.testing import run_streams

ADDRESS = 12


def accesses(count: int) -> dict[str, list[int]]:
    """Reads of even addresses, writes of odd ones with their number as data."""
    writes = [(2 * n + 1) | (n + 1 << ADDRESS) for n in range(count)]
    return {"reads": [2 * n for n in range(count)], "writes": writes}


def directions(beats: list[int]) -> list[int]:
    """Whether each is a write; all must be of their address."""
    found = [beat >> ADDRESS & 1 for beat in beats]
    assert all(write == beat & 1 for write, beat in zip(found, beats, strict=True))
    return found


@pytest.mark.parametrize("source", ["always", "often", "seldom"])
@pytest.mark.parametrize("sink", ["always", "often", "seldom"])
def test_all_pass_in_order(source: str, sink: str, seed: int) -> None:
    sent = accesses(60)
    run = run_streams(
        Turns(address_bits=ADDRESS), inputs=sent, outputs={"o": 120}, source=source, sink=sink,
        seed=seed, registered=False,
    )  # fmt: skip
    beats = run.beats["o"]
    writing = directions(beats)
    mask = (1 << ADDRESS) - 1
    assert [b & mask for b, w in zip(beats, writing, strict=True) if not w] == sent["reads"]
    written = [b & mask | (b >> ADDRESS + 1 << ADDRESS)
               for b, w in zip(beats, writing, strict=True) if w]  # fmt: skip
    assert written == sent["writes"]


def test_groups_while_both_wait() -> None:
    run = run_streams(
        Turns(address_bits=ADDRESS), inputs=accesses(4 * GROUP), outputs={"o": 8 * GROUP},
        registered=False,
    )  # fmt: skip
    lengths = [len([*same]) for _, same in itertools.groupby(directions(run.beats["o"]))]
    assert lengths[0] <= GROUP and lengths[1:8] == [GROUP] * 7
    cycles = run.cycles["o"]
    assert cycles == list(range(cycles[0], cycles[0] + 8 * GROUP))


def test_alone_is_never_held_back() -> None:
    for name, beats in accesses(3 * GROUP).items():
        run = run_streams(
            Turns(address_bits=ADDRESS),
            inputs={name: beats},
            outputs={"o": 3 * GROUP},
            registered=False,
        )
        assert len({*directions(run.beats["o"])}) == 1
        assert run.cycles["o"][-1] - run.cycles["o"][0] == 3 * GROUP - 1


def test_layout() -> None:
    fields = [name for name, _ in Turns(address_bits=ADDRESS).o.p.shape()]
    assert fields == ["address", "write", "data", "strobe"]
    assert len(Value.cast(Turns(address_bits=ADDRESS).o.p)) == ADDRESS + 1 + 128 + 16
