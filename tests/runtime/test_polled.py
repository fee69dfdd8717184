# SPDX-License-Identifier: Apache-2.0
"""Progress and traffic as a host in real time sees them."""

from itertools import count

import pytest

from streamhw.errors import InternalError
from streamhw.runtime.device import Progress
from streamhw.runtime.polled import poll
from streamhw.stream.axi import register_map as registers
from tests.runtime.test_counters import opened, place


def test_an_answer_that_comes_or_does_not() -> None:
    board, device = opened()
    seconds = count()

    def polled(tokens: int) -> Progress:
        return poll(device, tokens, patience=5, clock=lambda: float(next(seconds)))

    board.registers |= {registers.STATUS: registers.STATUS_BUSY, registers.COUNT: 4}
    board.registers |= {registers.CYCLES_LO: 7, registers.CYCLES_HI: 1}
    assert polled(3) == Progress(count=4, done=False, cycles=7 | 1 << 32)
    with pytest.raises(InternalError, match="no token after 5 s with 4 tokens in the window"):
        polled(4)
    board.registers[registers.STATUS] = registers.STATUS_DONE
    assert polled(4).done
    board.registers[registers.STATUS] = registers.STATUS_ABORTED
    assert polled(4).stopped


def test_traffic_over_the_end_of_a_counter() -> None:
    board, device = opened()
    end = 1 << registers.COUNTER_BITS
    place(board, 3, end - 2)
    assert all(not passed.read_bytes for passed in device.traffic().values())
    place(board, 3, 5)
    place(board, 6, (6 << 33 | 6) + 10)
    traffic = device.traffic()
    assert (traffic["a"].read_bytes, traffic["a"].write_bytes) == (7 * 8, 0)
    assert (traffic["b"].read_bytes, traffic["b"].write_bytes) == (0, 10 * 16)
