# SPDX-License-Identifier: Apache-2.0
"""Prompts as text, as numbers, and those that cannot run."""

import pytest

import streamhw
from streamhw.api.prompt import check_run, tokens_of
from streamhw.errors import UserError


def test_text_and_tokens_are_one_prompt() -> None:
    model = streamhw.load("gpt2-shakespeare")
    numbers, decode = tokens_of("ROMEO.", model)
    assert tokens_of(numbers, model)[0] == numbers and decode(numbers) == "ROMEO."


def test_a_model_without_tokenizer_takes_numbers() -> None:
    model = streamhw.load("gpt2")
    assert tokens_of("5, 7 9", model)[0] == [5, 7, 9]
    with pytest.raises(UserError, match=r"^Prompt of gpt2 must be token numbers"):
        tokens_of("ROMEO.", model)


def test_what_cannot_run() -> None:
    graph = streamhw.load("gpt2").graph
    for prompt, count, text in (
        ([], 1, "at least one token"),
        ([1], 0, "at least 1, not 0"),
        ([1] * 1024, 1, "at most 1024 tokens together"),
        ([60_000], 1, "below the vocabulary of 50257"),
    ):
        with pytest.raises(UserError, match=text):
            check_run(prompt, count, 0.0, graph)
