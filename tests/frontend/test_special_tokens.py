# SPDX-License-Identifier: Apache-2.0
"""Tokens that begin and end a text, from config.json and generation_config.json."""

import json
import re
from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.generation_config import with_generation_config
from streamhw.frontend.special_tokens import begin_token, end_tokens
from tests.tiny import write_tiny


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (None, ()),
        (5, (5,)),
        ([0, 5], (0, 5)),
        ([5, 0, 5], (5, 0)),
        (64, ()),
        (-1, ()),
        ([50256, 3, -1], (3,)),
        ([], ()),
    ],
)
def test_end_tokens(value: object, tokens: tuple[int, ...]) -> None:
    assert end_tokens({"eos_token_id": value}, 64, "config.json") == tokens


@pytest.mark.parametrize("value", ["<|endoftext|>", 1.0, True, ["a"], [[1]], {}])
def test_end_tokens_that_are_no_integers(value: object) -> None:
    with pytest.raises(UserError, match=r"^c: eos_token_id must be an integer, or a list of"):
        end_tokens({"eos_token_id": value}, 64, "c")


def test_begin_token() -> None:
    assert begin_token({"bos_token_id": 1}, 64, "c") == 1
    assert begin_token({}, 64, "c") is None and begin_token({"bos_token_id": 64}, 64, "c") is None
    with pytest.raises(UserError, match=r"^c: bos_token_id must be an integer, not \[1\]$"):
        begin_token({"bos_token_id": [1]}, 64, "c")


def test_generation_config_wins(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny", end_of_text=0)
    assert load(folder).end_tokens == (0,) and load(folder).begin_token is None
    said = {"eos_token_id": [3, 5], "bos_token_id": 2, "vocab_size": 7}
    (folder / "generation_config.json").write_text(json.dumps(said))
    model = load(folder)
    assert model.end_tokens == (3, 5) and model.begin_token == 2
    assert model.graph.vocabulary == 64


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "must be JSON"),
        (b"[]", "must hold a JSON object"),
        (b"\xff\xfe", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
    ],
)
def test_a_damaged_generation_config(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "generation_config.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"^{re.escape(str(file))}: the file {words}"):
        with_generation_config({}, tmp_path)


def test_named_shapes_have_an_end() -> None:
    assert load("gpt2").end_tokens == (50256,)
