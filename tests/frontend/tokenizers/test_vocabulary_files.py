# SPDX-License-Identifier: Apache-2.0
"""vocab.json and merges.txt: text to tokens and back."""

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.errors import UserError
from streamhw.frontend.tokenizers import Tokenizer
from streamhw.frontend.tokenizers.vocabulary_files import vocabulary_tokenizer
from streamhw.frontend.zoo import CHECKPOINTS

DIRECTORY = CHECKPOINTS["gpt2-shakespeare"]
TOKENIZER = vocabulary_tokenizer(DIRECTORY, {}, None)


def copied(folder: Path) -> Path:
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(DIRECTORY / name, folder)
    return folder


def test_known_tokens() -> None:
    assert TOKENIZER.size == 512
    assert TOKENIZER.encode("ROMEO. What light") == [50, 47, 45, 37, 47, 14, 221, 477, 368, 356]
    assert TOKENIZER.decode([0]) == "<|endoftext|>"
    assert TOKENIZER.encode("") == [] and TOKENIZER.decode([]) == ""


def test_the_end_of_text_is_one_token() -> None:
    assert TOKENIZER.encode("a<|endoftext|>b") == [
        *TOKENIZER.encode("a"),
        0,
        TOKENIZER.encode("b")[0],
    ]
    assert TOKENIZER.is_control(0) and not TOKENIZER.is_control(1)


@given(st.text())
def test_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def streamed(tokenizer: Tokenizer, tokens: list[int]) -> str:
    stream = tokenizer.stream(control=True)
    return "".join([*map(stream.feed, tokens), stream.end()])


@given(st.lists(st.integers(0, 600)))
def test_a_stream_is_the_whole_text(tokens: list[int]) -> None:
    """Any tokens, also those whose bytes are no text, as the library decodes them."""
    whole = TOKENIZER._library.decode(tokens, skip_special_tokens=False)
    assert streamed(TOKENIZER, tokens) == TOKENIZER.decode(tokens) == whole


@given(st.text(st.characters(min_codepoint=128, codec="utf-8"), min_size=1))
def test_a_character_comes_when_it_is_complete(text: str) -> None:
    stream, said = TOKENIZER.stream(), ""
    for token in TOKENIZER.encode(text):
        said += stream.feed(token)
        assert text.startswith(said)
    assert said == text and stream.end() == ""


def test_a_token_outside_the_vocabulary_is_no_text() -> None:
    assert TOKENIZER.decode([5, 512, 6, 1 << 40]) == TOKENIZER.decode([5, 6])
    with pytest.raises(UserError, match=r"^Token must be at least 0, not -1$"):
        TOKENIZER.decode([5, -1])


def test_line_ends_and_a_missing_version_do_not_matter(tmp_path: Path) -> None:
    text = "To be, or not to be: that is the question."
    for change in (
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.partition(b"\n")[2],
    ):
        merges = copied(tmp_path) / "merges.txt"
        merges.write_bytes(change(merges.read_bytes()))
        assert vocabulary_tokenizer(tmp_path, {}, None).encode(text) == TOKENIZER.encode(text)


def test_added_tokens_are_one_token_each(tmp_path: Path) -> None:
    added = {"<|user|>": 512, "<think>": 513}
    (copied(tmp_path) / "added_tokens.json").write_text(json.dumps(added))
    settings = {
        "added_tokens_decoder": {
            "512": {"content": "<|user|>", "special": True},
            "513": {"content": "<think>", "special": False},
        }
    }
    tokenizer = vocabulary_tokenizer(tmp_path, settings, None)
    assert tokenizer.encode("<|user|>a<think>") == [512, *TOKENIZER.encode("a"), 513]
    assert tokenizer.size == 514 and tokenizer.decode([512, 513]) == "<|user|><think>"
    assert tokenizer.is_control(512) and not tokenizer.is_control(513)


def test_a_space_before_a_text(tmp_path: Path) -> None:
    tokenizer = vocabulary_tokenizer(DIRECTORY, {"add_prefix_space": True}, None)
    assert tokenizer.encode("What light") == TOKENIZER.encode(" What light")


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    message = f"{tmp_path / 'vocab.json'}: the tokenizer file is missing"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        vocabulary_tokenizer(tmp_path, {}, None)
    for name, content in (
        ("vocab.json", "{"),
        ("vocab.json", "[]"),
        ("vocab.json", '{"a": "b"}'),
        ("merges.txt", "one"),
        ("merges.txt", "not there"),
    ):
        (copied(tmp_path) / name).write_text(content)
        with pytest.raises(
            UserError, match=f"^{re.escape(str(tmp_path))}: the tokenizer cannot be"
        ):
            assert vocabulary_tokenizer(tmp_path, {}, None).size
