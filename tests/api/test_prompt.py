# SPDX-License-Identifier: Apache-2.0
"""Prompts as text, as numbers, as messages, and those that cannot run."""

from dataclasses import dataclass, replace

import pytest

import streamhw
from streamhw.api.prompt import check_lengths, check_run, read_prompt
from streamhw.errors import UserError
from streamhw.frontend.tokenizers import Tokenizer
from streamhw.frontend.tokenizers.chat_template import ChatTemplate

SHAKESPEARE = streamhw.load("gpt2-shakespeare")


@dataclass(frozen=True)
class Letters(Tokenizer):
    """A token for each letter, one that begins texts, and one that directs."""

    size = 258
    beginning = (256,)

    def encode(self, text: str) -> list[int]:
        return [256 if letter == "^" else ord(letter) for letter in text]

    def piece(self, token: int, *, first: bool) -> bytes:
        return bytes([token]) if token < 256 else b"^"

    def is_control(self, token: int) -> bool:
        return token >= 256

    @property
    def chat_template(self) -> ChatTemplate | None:
        return ChatTemplate(
            source="letters", text="{{ bos_token }}({{ messages[0].content }})", begin="^"
        )


LETTERS = replace(SHAKESPEARE, tokenizer=Letters(), begin_token=256)


def test_text_and_tokens_are_one_prompt() -> None:
    prompt = read_prompt("ROMEO.", SHAKESPEARE)
    assert read_prompt(prompt.tokens, SHAKESPEARE) == prompt and prompt.text == "ROMEO."


def test_a_model_without_tokenizer_takes_numbers() -> None:
    model = streamhw.load("gpt2")
    prompt = read_prompt("5, 7 9", model)
    assert prompt.tokens == [5, 7, 9] and prompt.text == "5 7 9 "
    assert "".join(map(prompt.stream().feed, [1, 2])) == "1 2 "
    with pytest.raises(UserError, match=r"^Prompt of gpt2 must be token numbers"):
        read_prompt("ROMEO.", model)


def test_an_empty_prompt_begins_a_text() -> None:
    assert read_prompt("", SHAKESPEARE).tokens == [0]
    assert read_prompt("", LETTERS).tokens == [256]
    model = replace(SHAKESPEARE, begin_token=None)
    assert read_prompt("", model).tokens == []
    assert read_prompt("", replace(model, tokenizer=None, begin_token=3)).tokens == [3]


def test_what_a_model_expects_before_a_prompt() -> None:
    assert read_prompt("ab", LETTERS).tokens == [256, 97, 98]
    assert read_prompt("^ab", LETTERS).tokens == [256, 97, 98]


def test_a_message_goes_into_the_template() -> None:
    prompt = read_prompt("ab", LETTERS, chat=True)
    assert prompt.tokens == [256, *b"(ab)"] and prompt.text == "ab\n"
    for model in (SHAKESPEARE, streamhw.load("gpt2")):
        with pytest.raises(UserError, match=r"a chat template must be there for --chat"):
            read_prompt("5", model, chat=True)


def test_the_answer_follows_the_prompt() -> None:
    stream = read_prompt("ab", LETTERS).stream()
    assert [stream.feed(token) for token in (0xE2, 0x82, 0xAC, 257, 99)] == ["", "", "€", "", "c"]


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


def test_lengths_need_no_prompt() -> None:
    graph = streamhw.load("gpt2").graph
    check_lengths(1000, 24, graph)
    with pytest.raises(UserError, match=r"not 99999999999999999999 \+ 1"):
        check_lengths(99_999_999_999_999_999_999, 1, graph)
