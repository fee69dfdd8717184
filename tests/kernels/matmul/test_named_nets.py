# SPDX-License-Identifier: Apache-2.0
"""Registers in a row."""

from amaranth.hdl import Cat, Module, Signal, Value, unsigned

from streamhw.kernels.matmul.named_nets import delayed, named
from tests.clocked import values_of


def test_a_value_and_what_it_was_in_the_cycles_before() -> None:
    def build(m: Module, x: Signal) -> Value:
        return Cat(delayed(m, "late", x, 2))

    rows = [(3,), (1,), (2,), (0,)]
    history = [0, 0, 3, 1, 2, 0]
    wanted = [history[n + 2] | history[n + 1] << 2 | history[n] << 4 for n in range(4)]
    assert values_of(build, [unsigned(2)], rows) == wanted


def test_a_stage_moves_only_when_it_is_enabled() -> None:
    def build(m: Module, x: Signal, move: Signal) -> Value:
        return delayed(m, "late", x, 1, [move])[-1]

    rows = [(1, 1), (2, 0), (3, 1), (0, 0)]
    assert values_of(build, [unsigned(2), unsigned(1)], rows) == [0, 1, 1, 3]


def test_a_net_is_the_value() -> None:
    rows = [(5,), (9,)]
    assert values_of(lambda m, x: named(m, "net", x + 1), [unsigned(4)], rows) == [6, 10]
