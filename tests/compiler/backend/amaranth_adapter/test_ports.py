# SPDX-License-Identifier: Apache-2.0
"""Ports of modules: what passes a border, whole or in parts, down and up and across."""

from amaranth.hdl import Cat, Module, Signal

from tests.compiler.backend.amaranth_adapter.both import both_texts


def across() -> Module:
    """A value made in one module is read in its sister's child, and its bits in the parent."""
    top, left, right, child = Module(), Module(), Module(), Module()
    source, made = Signal(64, name="source"), Signal(64, name="made")
    used, seen = Signal(20, name="used"), Signal(7, name="seen")
    left.d.sync += made.eq(~source)
    child.d.sync += used.eq(Cat(made[50:60], made[:10]))
    right.submodules.child = child
    top.submodules.left, top.submodules.right = left, right
    top.d.comb += seen.eq(made[3:10] ^ used[:7])
    return top


def test_text_is_equal() -> None:
    plain, ours = both_texts(across, ports=[])
    assert ours == plain
    assert ours.count("module \\") >= 3


def test_nothing_leaves_a_module_that_nobody_reads() -> None:
    def alone() -> Module:
        top, inner = Module(), Module()
        kept = Signal(9, name="kept")
        inner.d.sync += kept.eq(kept + 1)
        top.submodules.inner = inner
        return top

    plain, ours = both_texts(alone, ports=[])
    assert ours == plain and "wire width 9 output" not in ours
