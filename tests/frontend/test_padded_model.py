# SPDX-License-Identifier: Apache-2.0
"""Tensors of a padded model: those of the files, with zeros; random ones too, in any order."""

from dataclasses import replace

import numpy as np

from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.model import Model, Origin
from streamhw.frontend.padded_model import PaddedRandomWeights, padded_model
from streamhw.frontend.weights import RandomWeights, row_blocks
from streamhw.graph.padding import RowPadding

CONFIG = Gpt2Config(layers=2, features=6, heads=2, vocabulary=10, context=4, hidden=11)
GRAPH = gpt2_graph("g", CONFIG)
PADDING = RowPadding(features=8, channels=4)


def model_of(random: bool) -> Model:
    weights = RandomWeights(GRAPH, additions=4)
    return Model(
        name="g",
        graph=GRAPH,
        config=CONFIG,
        weights=weights if random else dict(weights),
        origin=Origin.RANDOM if random else Origin.CHECKPOINT,
    )


def test_tensors_have_the_padded_shapes_and_the_elements_of_the_files() -> None:
    model = model_of(random=False)
    padded = padded_model(model, PADDING)
    assert padded.natural == GRAPH
    assert list(padded.weights) == list(model.weights)
    for parameter in padded.graph.parameters():
        values = padded.weights[parameter.name]
        assert values.shape == parameter.shape
        there = model.weights[parameter.name]
        assert np.array_equal(values[values != 0], there[there != 0])


def test_random_tensors_are_padded_alike() -> None:
    padded = padded_model(model_of(random=True), PADDING)
    files = padded_model(model_of(random=False), PADDING)
    assert isinstance(padded.weights, PaddedRandomWeights)
    for name, values in files.weights.items():
        assert np.array_equal(padded.weights[name], values)
        for rows in (1, 3, 100):
            assert np.array_equal(padded.weights.head(name, rows), values[:rows])
        assert np.array_equal(np.concatenate([*row_blocks(padded.weights, name)]), values)


def test_a_model_that_needs_no_padding_is_itself() -> None:
    model = model_of(random=True)
    assert padded_model(model, RowPadding(channels=3)) is model


def test_a_large_tensor_in_blocks_is_the_tensor() -> None:
    """More rows than are made from one seed, more elements than are drawn at once."""
    config = replace(CONFIG, vocabulary=9000, features=18)
    weights = RandomWeights(gpt2_graph("g", config), additions=4)
    whole = weights["wte.weight"]
    blocks = [*row_blocks(weights, "wte.weight")]
    assert len(blocks) == 3 and np.array_equal(np.concatenate(blocks), whole)
    assert np.array_equal(weights.head("wte.weight", 5000), whole[:5000])
    assert abs(whole.std() - 0.02) < 1e-4 and len(np.unique(whole[:, 0])) > 7000
