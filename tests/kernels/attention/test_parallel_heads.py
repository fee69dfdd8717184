# SPDX-License-Identifier: Apache-2.0
"""Data paths of parallel heads: one Verilog module where there are many."""

import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring

from streamhw.kernels.attention.parallel_heads import (
    SHARED_FROM,
    format_name,
    last_round,
    placed_heads,
)
from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.scores_hardware import ScoreHead
from streamhw.numerics.fixed import Fixed
from streamhw.stream.verilog_module import SharedModule
from tests.clocked import values_of

SPEC = ScoresSpec(tokens=1, heads=8, head_dim=4, context=8, lanes=4, parallel_heads=8)


class Files:
    """A platform that takes source files."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add_file(self, name: str, content: str) -> None:
        self.names.append(name)


@pytest.mark.parametrize("positions", [1, 4])
def test_last_round_is_that_of_the_last_element(positions: int) -> None:
    rows = [(length,) for length in range(1, 17)]
    found = values_of(lambda m, n: last_round(n, positions), [unsigned(5)], rows)
    assert found == [(length - 1) // positions for (length,) in rows]


@pytest.mark.parametrize("count", [1, SHARED_FROM - 1, SHARED_FROM, 8])
def test_many_heads_are_one_module(count: int) -> None:
    files = Files()
    heads = placed_heads(Module(), ScoreHead(spec=SPEC), count, files)
    kinds = {type(head) for head in heads}
    many = count >= SHARED_FROM
    assert len(heads) == count
    assert kinds == ({SharedModule} if many else {ScoreHead})
    assert files.names == ([f"{ScoreHead(spec=SPEC).module}.v"] if many else [])


def test_without_files_each_head_is_a_component() -> None:
    heads: list[wiring.Component] = placed_heads(Module(), ScoreHead(spec=SPEC), 8, None)
    assert {type(head) for head in heads} == {ScoreHead}


def test_formats_have_short_names() -> None:
    assert (format_name(Fixed(8)), format_name(Fixed(16, 16, signed=False))) == ("s8", "u16")
