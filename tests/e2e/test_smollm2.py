# SPDX-License-Identifier: Apache-2.0
"""SmolLM2-135M from an installed package through emitted hardware, equal to its reference."""

from pathlib import Path

import pytest

import streamhw
from streamhw.frontend.shapes import SHAPES

NAME = "smollm2-135m"
PROMPT = "The capital of France is Paris, and"
CONTEXT = 64


@pytest.mark.slow
def test_sixteen_tokens(tmp_path: Path) -> None:
    """Eight tokens of prompt and sixteen of answer, all streams compared beat by beat."""
    installed = SHAPES[NAME].installed
    assert installed is not None
    if not installed.installed:
        pytest.skip(f"the weights of {NAME} are not installed: {installed.command}")
    model = streamhw.load(NAME, context=CONTEXT)
    assert model.tokenizer is not None
    prompt = model.tokenizer.encode(PROMPT)
    assert len(prompt) == 8
    built = streamhw.build(model, "sim", folder=tmp_path / "built")
    answer = streamhw.simulate(built, prompt, 16, check=True)
    assert answer.compared is not None and answer.compared.streams > 30
    assert len(answer.tokens) == 16 and answer.text.startswith(PROMPT)
