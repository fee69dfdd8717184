# SPDX-License-Identifier: Apache-2.0
"""Wide parts in shares: the same beats and cycles as the rule says, and few loads for control."""

import random
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from streamhw.boards.base import Family
from streamhw.stream.lockstep import SHARE, shares_of
from streamhw.stream.skid import Skid
from streamhw.stream.unpacker import PaddingRemover
from streamhw.stream.width import Width
from streamhw.synthesis.loaded_nets import nets_of_design
from streamhw.synthesis.mapping import map_modules
from streamhw.synthesis.modules import read_modules
from streamhw.testing import run_streams


@pytest.mark.parametrize(("width", "parts"), [(1, 1), (504, 1), (505, 1), (2000, 3), (3, 1000)])
def test_shares_are_all_bits(width: int, parts: int) -> None:
    shares = shares_of(width, parts)
    assert [bit for share in shares for bit in share] == list(range(width))
    assert all(len(share) * parts <= SHARE or len(share) == 1 for share in shares)
    assert len(shares) == 1 or (len(shares) - 1) * (SHARE // parts or 1) < width


def parts_of(beats: list[int], width: int, part: int) -> list[int]:
    return [(b >> at) & ((1 << part) - 1) for b in beats for at in range(0, width, part)]


def joined(parts: list[int], part: int, count: int) -> list[int]:
    return [
        sum(word << (part * n) for n, word in enumerate(parts[at : at + count]))
        for at in range(0, len(parts), count)
    ]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("often", "seldom")])
@pytest.mark.parametrize("kind", ["skid", "cut", "join", "unpack", "unpack spare"])
def test_beats_pass_in_shares(kind: str, source: str, sink: str, seed: int) -> None:
    rng = random.Random(seed)
    wide, part = 2100, 700
    beats = [rng.getrandbits(wide) for _ in range(12)]
    narrow = parts_of(beats, wide, part)
    dut: wiring.Component
    if kind == "skid":
        dut, given, expected = Skid(shape=unsigned(wide)), beats, beats
    elif kind == "cut":
        dut, given, expected = Width(width_in=wide, width_out=part), beats, narrow
    elif kind == "join":
        dut, given, expected = Width(width_in=part, width_out=wide), narrow, beats
        assert joined(narrow, part, 3) == beats
    else:
        # rows of five parts: the sixth pads
        dut = PaddingRemover(width=wide, part=part, count=5, spare=kind != "unpack")
        given, expected = beats, [p for n, p in enumerate(narrow) if n % 6 != 5]
    run = run_streams(
        dut,
        inputs={"i": given},
        outputs={"o": len(expected)},
        source=source,
        sink=sink,
        seed=seed,
    )
    assert run.beats["o"] == expected


class Wide(wiring.Component):
    """A wide part of each kind."""

    def __init__(self) -> None:
        self.parts = {
            "skid": Skid(shape=unsigned(1200)),
            "cut": Width(width_in=1200, width_out=600),
            "unpack": PaddingRemover(width=1200, part=300, count=7),
        }
        super().__init__(
            {
                f"{name}_{port}": member
                for name, part in self.parts.items()
                for port, member in part.signature.members.items()
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, part in self.parts.items():
            m.submodules[name] = part
            for port in part.signature.members:
                outer, inner = getattr(self, f"{name}_{port}"), getattr(part, port)
                ends = (flipped(outer), inner) if port == "i" else (inner, flipped(outer))
                connect(m, *ends)
        return m


def test_control_has_few_loads(tmp_path: Path) -> None:
    """A share's bits, and of what they have in common each share's control."""
    modules = read_modules(verilog.convert(Wide(), name="top", emit_src=False))
    mapped = map_modules(modules, Family.ULTRASCALE_PLUS, tmp_path)
    nets = nets_of_design(modules, {name: kind.fan_out for name, kind in mapped.items()})
    most = max(nets.worst, key=lambda row: row.net.loads.total)
    assert SHARE / 2 < most.net.loads.total <= SHARE + 16, most
