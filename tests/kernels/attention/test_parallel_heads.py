# SPDX-License-Identifier: Apache-2.0
"""Data paths of parallel heads: one Verilog module where there are many."""

import pytest
from amaranth.hdl import Fragment, Module, unsigned

from streamhw.compiler.backend.ram_modules import Target
from streamhw.kernels.attention.parallel_heads import (
    SHARED_FROM,
    format_name,
    last_round,
    placed_heads,
)
from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.scores_hardware import ScoreHead
from streamhw.numerics.fixed import Fixed
from streamhw.stream.shared_module import SharedComponent
from tests.clocked import values_of

SPEC = ScoresSpec(tokens=1, heads=8, head_dim=4, context=8, lanes=4, parallel_heads=8)


@pytest.mark.parametrize("positions", [1, 4])
def test_last_round_is_that_of_the_last_element(positions: int) -> None:
    rows = [(length,) for length in range(1, 17)]
    found = values_of(lambda m, n: last_round(n, positions), [unsigned(5)], rows)
    assert found == [(length - 1) // positions for (length,) in rows]


@pytest.mark.parametrize("count", [1, SHARED_FROM - 1, SHARED_FROM, 8])
def test_many_heads_are_one_module(count: int) -> None:
    m, target = Module(), Target()
    heads = placed_heads(m, ScoreHead(spec=SPEC), count)
    kinds = {type(head) for head in heads}
    many = count >= SHARED_FROM
    assert len(heads) == count
    assert kinds == ({SharedComponent} if many else {ScoreHead})
    Fragment.get(m, target.within("scores"))
    assert list(target.texts) == ([f"{ScoreHead(spec=SPEC).module}.v"] if many else [])


def test_formats_have_short_names() -> None:
    assert (format_name(Fixed(8)), format_name(Fixed(16, 16, signed=False))) == ("s8", "u16")
