# SPDX-License-Identifier: Apache-2.0
"""Levels of logic of striped DMAs: few between registers, and no way from a port to another."""

from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.lib import wiring

from streamhw.boards.base import Family
from streamhw.stream.axi.read_dma import ReadDma
from streamhw.stream.axi.write_dma import WriteDma
from streamhw.synthesis.mapping import map_modules
from streamhw.synthesis.modules import read_modules

BEGINS = tuple(n << 24 for n in range(8))
LEVELS = 6


def dma(kind: str) -> wiring.Component:
    if kind == "read":
        return ReadDma(width=256, buffer=128, burst=16, begins=BEGINS, outstanding=64)
    return WriteDma(width=256, burst=16, begins=BEGINS)


@pytest.mark.parametrize("kind", ["read", "write"])
def test_striped(kind: str, tmp_path: Path) -> None:
    text = verilog.convert(dma(kind), name="top", emit_src=False)
    modules = read_modules(text)
    levels = map_modules(modules, Family.ULTRASCALE_PLUS, tmp_path)[modules.top].levels
    assert 0 < levels.longest.levels <= LEVELS, levels.longest
    behind = {
        f"{port} follows {source}"
        for port, bits in levels.behind.items()
        for _, far in bits
        for source in far
        if port.startswith("bus__") and port.endswith("valid")
    }
    assert behind == set()
    # What a port says is combined with what the others say within a cycle, but ends in registers.
    readies = [port for port in levels.ahead if port.startswith("bus__") and "ready" in port]
    assert len(readies) >= len(BEGINS)
    assert max(levels.ahead[port] for port in readies) <= LEVELS - 2, levels.ahead
