# SPDX-License-Identifier: Apache-2.0
"""A graph for fewer positions computes the same, with smaller tables of positions."""

import pytest

from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph.shorter_context import shorter_graph
from tests.tiny import TINY_LLAMA

SMALL = Gpt2Config(layers=2, features=8, heads=2, vocabulary=10, context=16, hidden=8)


def test_only_what_follows_from_positions_changes() -> None:
    whole, shorter = gpt2_graph("a", SMALL), shorter_graph(gpt2_graph("a", SMALL), 5)
    assert shorter.context == 5 and shorter.node("position_embedding").op.rows == 5
    changed = [
        (a.name, b.shape)
        for a, b in zip(whole.parameters(), shorter.parameters(), strict=True)
        if a != b
    ]
    assert changed == [("wpe.weight", (5, 8))]
    assert shorter_graph(whole, 16) == whole


def test_rotary_models_have_no_table() -> None:
    whole = decoder_graph("a", TINY_LLAMA)
    assert shorter_graph(whole, 1).parameters() == whole.parameters()


@pytest.mark.parametrize("context", [0, -1, 17])
def test_contexts_that_cannot_be(context: int) -> None:
    with pytest.raises(ValueError, match=rf"^Context must be 1 to 16 positions, not {context}$"):
        shorter_graph(gpt2_graph("a", SMALL), context)
