# SPDX-License-Identifier: Apache-2.0
"""What a model is measured on: its own text, one that was named, or token numbers."""

from dataclasses import replace

import pytest

from streamhw.api.evaluate import evaluate
from streamhw.api.held_out import held_out_tokens
from streamhw.errors import UserError
from streamhw.frontend import load

MODEL = load("gpt2-shakespeare")


def test_the_text_of_a_model_or_another() -> None:
    assert len(held_out_tokens(MODEL, None)) > 10_000
    assert MODEL.tokenizer is not None
    assert held_out_tokens(MODEL, "ROMEO.").tolist() == MODEL.tokenizer.encode("ROMEO.")
    without = replace(MODEL, tokenizer=None)
    assert held_out_tokens(without, "5 9, 2\n3").tolist() == [5, 9, 2, 3]


def test_texts_that_cannot_be_measured_on() -> None:
    without = replace(MODEL, tokenizer=None, heldout=None)
    for model, text, words in (
        (without, None, r"^gpt2-shakespeare: a text to measure on must be named, and none was$"),
        (without, "to be", r"^Text for gpt2-shakespeare must be token numbers, since it has no"),
        (without, "5 " + "9" * 99, r"^Text for gpt2-shakespeare must be token numbers"),
        (without, "5 -1", r"^Token at position 1 must be below the vocabulary of \d+, not -1$"),
        (MODEL, "a", r"^Text must have 2 tokens or more, not 1$"),
        (MODEL, "", r"^Text must have 2 tokens or more, not 0$"),
    ):
        with pytest.raises(UserError, match=words):
            held_out_tokens(model, text)


def test_numbers_that_make_no_sense() -> None:
    with pytest.raises(UserError, match=r"^Windows to measure on must be at least 1, not 0$"):
        evaluate(MODEL, windows=0)
    with pytest.raises(UserError, match=r"^Windows to measure on must have at least 2 tokens each"):
        evaluate(MODEL, length=1)
