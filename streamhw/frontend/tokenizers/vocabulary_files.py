# SPDX-License-Identifier: Apache-2.0
"""``vocab.json`` and ``merges.txt``: the files of a byte-level tokenizer before tokenizer.json."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError
from ...json_file import load_json
from .byte_pairs import byte_pair_encoding
from .chat_template import ChatTemplate
from .library_tokenizer import LibraryTokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

__all__ = ["FILES", "vocabulary_tokenizer"]

FILES = ("vocab.json", "merges.txt")
_END = "<|endoftext|>"
"""The special token of GPT-2, one even where no file says so."""


def vocabulary_tokenizer(
    directory: Path, settings: Mapping[str, Any], template: ChatTemplate | None
) -> LibraryTokenizer:
    """The tokenizer whose two files are in ``directory``; they are read when it is first needed.

    settings: of tokenizer_config.json, if there is one; template: of chats

    Raises ``UserError`` if a file is missing, later if it is not understood.
    """
    for name in FILES:
        if not (directory / name).is_file():
            raise UserError(f"{directory / name}: the tokenizer file is missing")
    return LibraryTokenizer(
        source=directory,
        make=partial(_read, directory, settings),
        template=template,
    )


def _read(directory: Path, settings: Mapping[str, Any]) -> "Library":
    vocabulary = _json(directory / FILES[0])
    lines = (directory / FILES[1]).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ") for line in lines if line.strip() and not line.startswith("#version")]
    if wrong := next((pair for pair in pairs if len(pair) != 2), None):
        raise ValueError(f"a line of {FILES[1]} must be two tokens, not {' '.join(wrong)!r}")
    added = _added(directory, settings)
    missing = {text: id for text, id in added.items() if text not in vocabulary}
    for text, token in sorted(missing.items(), key=lambda item: item[1]):
        vocabulary[text] = token
    special = [text for text in vocabulary if text == _END or added.get(text) is not None]
    said = settings.get("added_tokens_decoder") or {}
    plain = {entry["content"] for entry in said.values() if not entry.get("special", True)}
    return byte_pair_encoding(
        vocabulary,
        [(first, second) for first, second in pairs],
        prefix_space=bool(settings.get("add_prefix_space", False)),
        control=[text for text in special if text not in plain],
        other=[text for text in special if text in plain],
    )


def _added(directory: Path, settings: Mapping[str, Any]) -> dict[str, int]:
    """Added tokens by text, of tokenizer_config.json and added_tokens.json."""
    said = settings.get("added_tokens_decoder") or {}
    added = {entry["content"]: int(token) for token, entry in said.items()}
    file = directory / "added_tokens.json"
    return added | (_json(file) if file.is_file() else {})


def _json(file: Path) -> dict[str, int]:
    values: dict[str, int] = load_json(file)
    return values
