# SPDX-License-Identifier: Apache-2.0
"""The text of slices, joined nets and memories, in runs instead of bit by bit."""

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.hdl._nir import Net, Value
from amaranth.lib.memory import Memory

from streamhw.compiler.backend.amaranth_adapter.rtlil_text import run_length
from tests.compiler.backend.amaranth_adapter.both import both_texts


@pytest.mark.parametrize("length", [1, 2, 31, 64, 200])
@pytest.mark.parametrize("at", [0, 3])
def test_a_run_ends_where_the_neighbors_end(length: int, at: int) -> None:
    before = [Net.from_cell(9, 2 * bit) for bit in range(at)]
    run = [Net.from_cell(4, 10 + bit) for bit in range(length)]
    value = Value([*before, *run, Net.from_cell(5, 0)])
    assert run_length(value, at, len(value) - at) == length
    assert run_length(value, at, min(length, 7)) == min(length, 7)


@pytest.mark.parametrize("init", [[], [1], [1, 2, 127, 0, 64]])
@pytest.mark.parametrize("width", [1, 7, 33])
def test_memories_have_their_words(width: int, init: list[int]) -> None:
    def make() -> Module:
        m = Module()
        words = [word & (1 << width) - 1 for word in init]
        m.submodules.memory = memory = Memory(shape=width, depth=5, init=words)
        read = memory.read_port()
        m.d.sync += read.addr.eq(read.data)
        return m

    plain, ours = both_texts(make, ports=[])
    assert ours == plain


def test_slices_that_are_out_of_order() -> None:
    def make() -> Module:
        m = Module()
        a, b = Signal(40, name="a"), Signal(40, name="b")
        m.d.sync += a.eq(Cat(b[20:], b[:20]) + Cat(b[i] for i in reversed(range(40))))
        m.d.sync += b.eq(Cat(a[::2], a[1::2]))
        return m

    plain, ours = both_texts(make, ports=[])
    assert ours == plain
