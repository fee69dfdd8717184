# SPDX-License-Identifier: Apache-2.0
"""A shorter context changes no number of a text that fits; fewer layers leave those as they are."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.shapes import SHAPES
from streamhw.frontend.smaller_model import with_context
from streamhw.graph.float_reference import forward
from tests.tiny import tiny_decoder, write_tiny

TOKENS = np.array([5, 9, 2, 7])


def test_logits_are_the_same(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")
    for whole in (load(folder), tiny_decoder()):
        shorter = with_context(whole, 6)
        assert shorter.graph.context == 6
        found = [forward(m.graph, m.weights, TOKENS) for m in (whole, shorter)]
        result = whole.graph.result
        assert np.array_equal(found[0][result], found[1][result])
    assert load(folder, context=32) == load(folder)
    assert load(folder, context=4).weights["wpe.weight"].shape == (4, 32)


def test_seeded_weights_are_the_same() -> None:
    whole, shorter = load("gpt2"), load("gpt2", context=100)
    assert np.array_equal(whole.weights["wpe.weight"][:100], shorter.weights["wpe.weight"])
    assert shorter.weights.identity != whole.weights.identity


@pytest.mark.parametrize("name", SHAPES)
def test_names_have_1024_positions_and_may_have_what_they_were_trained_on(name: str) -> None:
    longest = SHAPES[name].config.context
    assert load(name).graph.context == 1024 <= longest
    assert load(name, context=longest).graph.context == longest


@pytest.mark.parametrize("context", [0, 1, -3, 33])
def test_contexts_that_cannot_be(tmp_path: Path, context: int) -> None:
    said = rf"^Context of tiny must be 2 to 32 positions, as the model has, not {context}$"
    with pytest.raises(UserError, match=said):
        load(write_tiny(tmp_path / "tiny"), context=context)


def test_the_first_layers(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")
    for whole, part in (
        (load(folder), load(folder, layers=1)),
        (load("gpt2"), load("gpt2", layers=1)),
    ):
        assert [loop.trips for loop in part.graph.loops] == [1]
        assert set(part.weights) < set(whole.weights)
        name = whole.graph.parameters()[2].name
        assert np.array_equal(part.weights[name], whole.weights[name])
    assert load("gpt2", layers=12).weights.identity == load("gpt2").weights.identity
    assert load("gpt2", layers=1).graph.context == 1024


@pytest.mark.parametrize("layers", [0, -3, 13])
def test_layers_that_cannot_be(layers: int) -> None:
    said = rf"^Layers of gpt2 must be 1 to 12, as the model has, not {layers}$"
    with pytest.raises(UserError, match=said):
        load("gpt2", layers=layers)
