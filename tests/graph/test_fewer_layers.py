# SPDX-License-Identifier: Apache-2.0
"""A graph of the first layers has their parameters and nothing else fewer."""

from dataclasses import replace

import pytest

from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph.fewer_layers import first_layers, layer_count

SMALL = Gpt2Config(layers=3, features=8, heads=2, vocabulary=10, context=16, hidden=8)


def test_the_other_layers_are_gone() -> None:
    whole = gpt2_graph("a", SMALL)
    assert layer_count(whole) == 3 and first_layers(whole, 3) == whole
    assert first_layers(whole, 2) == gpt2_graph("a", replace(SMALL, layers=2))


@pytest.mark.parametrize("layers", [0, -1, 4])
def test_layers_that_cannot_be(layers: int) -> None:
    with pytest.raises(ValueError, match=rf"^Layers must be 1 to 3, not {layers}$"):
        first_layers(gpt2_graph("a", SMALL), layers)
