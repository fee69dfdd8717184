# SPDX-License-Identifier: Apache-2.0
"""What is around a design but memory; ``test_board_core.py`` simulates it with an SDRAM."""

from dataclasses import replace

import pytest

from streamhw.api.build import Build
from streamhw.bitstream.hosted_core import HostedCore
from streamhw.stream.axi.signature import axi4


def test_memory_is_a_master_of_128_bits(small: Build) -> None:
    core = HostedCore(small.manifest, clock_hz=1e6, baud=9600, tested=4096)
    assert core.signature.members["memory"].signature == axi4(width=128)


@pytest.mark.parametrize("widths", [(), (64,), (128, 128)])
def test_designs_of_other_ports(small: Build, widths: tuple[int, ...]) -> None:
    ports = tuple(replace(small.manifest.ports[0], data_width=width) for width in widths)
    manifest = replace(small.manifest, ports=ports)
    with pytest.raises(ValueError, match="must have one memory port of 128 bits, not"):
        HostedCore(manifest, clock_hz=1e6, baud=9600, tested=4096)
