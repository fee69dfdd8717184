# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of a file: which kind it is, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from streamhw.errors import UserError
from streamhw.frontend.gguf.reader import read_gguf
from streamhw.frontend.gguf.tokenizer import tokenizer_of
from streamhw.frontend.tokenizers import Tokenizer
from streamhw.frontend.tokenizers.library_tokenizer import LibraryTokenizer
from streamhw.frontend.tokenizers.scored_pieces import ScoredPieces
from tests.frontend.gguf.files import write_llama
from tests.tiny import tiny_decoder


def found(path: Path, **extra: Any) -> Tokenizer | None:
    return tokenizer_of(read_gguf(write_llama(path, tiny_decoder(), **extra)))


def test_kinds(tmp_path: Path) -> None:
    assert found(tmp_path / "a.gguf") is None
    assert isinstance(found(tmp_path / "b.gguf", tokenizer="gpt2"), LibraryTokenizer)
    pieces = found(tmp_path / "c.gguf", tokenizer="llama")
    assert isinstance(pieces, ScoredPieces) and pieces.prefix_space and pieces.beginning == (1,)
    more = {"tokenizer__ggml__add_space_prefix": False, "tokenizer__ggml__add_bos_token": False}
    plain = found(tmp_path / "d.gguf", tokenizer="llama", **more)
    assert isinstance(plain, ScoredPieces) and not plain.prefix_space and plain.beginning == ()


def test_digits_are_cut_one_by_one(tmp_path: Path) -> None:
    tokenizer = found(tmp_path / "a.gguf", tokenizer="gpt2")
    assert tokenizer is not None
    assert (
        len(tokenizer.encode("1234")) == 4
        and tokenizer.decode(tokenizer.encode("12 ab")) == "12 ab"
    )


def test_a_damaged_chat_template_is_refused_when_it_is_used(tmp_path: Path) -> None:
    tokenizer = found(tmp_path / "a.gguf", tokenizer="llama", tokenizer__chat_template="{% if %}")
    assert tokenizer is not None and tokenizer.chat_template is not None
    with pytest.raises(UserError, match=r"a\.gguf: the chat template must be usable, but: "):
        tokenizer.chat_template.render([])
