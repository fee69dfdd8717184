# SPDX-License-Identifier: Apache-2.0
"""Text to tokens and back."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.errors import UserError
from streamhw.frontend.tokenizer import ByteLevelTokenizer
from streamhw.frontend.zoo import CHECKPOINTS

DIRECTORY = CHECKPOINTS["gpt2-shakespeare"]
TOKENIZER = ByteLevelTokenizer(DIRECTORY)


def test_known_tokens() -> None:
    assert TOKENIZER.size == 512
    assert TOKENIZER.encode("ROMEO. What light") == [50, 47, 45, 37, 47, 14, 221, 477, 368, 356]
    assert TOKENIZER.decode([0]) == "<|endoftext|>"
    assert TOKENIZER.encode("") == [] and TOKENIZER.decode([]) == ""


@given(st.text())
def test_text_comes_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@pytest.mark.parametrize("token", [-1, 512])
def test_token_outside_the_vocabulary(token: int) -> None:
    with pytest.raises(UserError, match=f"^Token must be 0 to 511, not {token}$"):
        TOKENIZER.decode([5, token])


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    message = f"{tmp_path / 'vocab.json'}: the tokenizer file is missing"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        ByteLevelTokenizer(tmp_path)
    shutil.copy(DIRECTORY / "merges.txt", tmp_path)
    (tmp_path / "vocab.json").write_text("{")
    with pytest.raises(UserError, match=f"^{re.escape(str(tmp_path))}: the tokenizer cannot be"):
        assert ByteLevelTokenizer(tmp_path).size
