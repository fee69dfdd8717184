# SPDX-License-Identifier: Apache-2.0
"""An answer of a board: what is refused before anything is sent. Answers themselves are tested with
a whole board, in ``tests/bitstream/test_board_core.py``."""

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


class _Silence:
    """A port with nothing behind it, or the wrong thing."""

    def __init__(self, noise: bytes):
        self.noise = noise

    def write(self, data: bytes) -> None:
        pass

    def read(self, timeout: float) -> bytes:
        noise, self.noise = self.noise, b""
        return noise

    def close(self) -> None:
        pass


@pytest.mark.parametrize("noise", [b"", b"login: "])
def test_a_port_that_is_not_the_board(small: Build, noise: bytes) -> None:
    prompt = Prompt(tokens=[1], text="1", tokenizer=None)
    sentence = "^Board must answer on its serial line, but says nothing that it would say$"
    with pytest.raises(DeviceError, match=sentence) as raised:
        on_board(small, prompt, 2, _Silence(noise))
    for cause in ("its port", "programmed with the bitstream", "memory failed"):
        assert cause in str(raised.value.hint)
