# SPDX-License-Identifier: Apache-2.0
"""An answer of a board: another design is refused before anything is sent."""

import pytest

from streamhw.api.build import Build
from streamhw.api.on_board import on_board
from streamhw.api.prompt import Prompt
from streamhw.errors import DeviceError
from tests.peripherals.host_link.simulated_board import BUILD, SimulatedBoard


def test_another_design_is_refused(small: Build) -> None:
    board = SimulatedBoard(1)
    prompt = Prompt(tokens=[1], text="1", tokenizer=None)
    with pytest.raises(DeviceError, match=f"Board must have the design .* not {BUILD:#010x}"):
        on_board(small, prompt, 2, board)
    assert not board.memory.writes
