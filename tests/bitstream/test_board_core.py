# SPDX-License-Identifier: Apache-2.0
"""A design with its peripherals: what boards and designs it takes."""

from dataclasses import replace

import pytest

from streamhw.api.build import Build
from streamhw.bitstream.board_core import BoardCore, parts_of
from streamhw.boards.base import load_board
from streamhw.errors import UserError


def test_boards_without_parts() -> None:
    with pytest.raises(UserError, match=r"Board sim must have parts \(pins, memory chip, line to"):
        parts_of(load_board("sim"))


@pytest.mark.parametrize("widths", [(), (64,), (128, 128)])
def test_designs_of_other_ports(small: Build, widths: tuple[int, ...]) -> None:
    manifest = small.manifest
    ports = tuple(replace(manifest.ports[0], data_width=width) for width in widths)
    with pytest.raises(ValueError, match="must have one memory port of 128 bits, not"):
        BoardCore(replace(manifest, ports=ports), small.board)
