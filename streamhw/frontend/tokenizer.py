# SPDX-License-Identifier: Apache-2.0
"""Text to token identifiers and back: the byte-level pair encoding of a checkpoint."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import ByteLevelBPETokenizer

from ..errors import UserError

__all__ = ["Tokenizer"]


class Tokenizer:
    """The tokenizer whose ``vocab.json`` and ``merges.txt`` are in ``directory``.

    Raises ``UserError`` if a file is missing or not understood.
    """

    def __init__(self, directory: Path):
        files = [directory / name for name in ("vocab.json", "merges.txt")]
        for file in files:
            if not file.is_file():
                raise UserError(f"{file}: the tokenizer file is missing")
        try:
            self._tokenizer = ByteLevelBPETokenizer(*map(str, files))
        except Exception as error:  # the library raises bare Exception
            raise UserError(f"{directory}: the tokenizer cannot be read ({error})") from None

    @property
    def size(self) -> int:
        """Number of identifiers."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """Identifiers of ``text``; no token is added at either end."""
        return list(self._tokenizer.encode(text).ids)

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``; bytes that are no complete character become U+FFFD.

        Raises ``UserError`` if a token is outside the vocabulary.
        """
        tokens = list(tokens)
        self.check(tokens)
        return str(self._tokenizer.decode(tokens, skip_special_tokens=False))

    def check(self, tokens: Iterable[int]) -> None:
        """Raises ``UserError`` for the first token outside the vocabulary."""
        for token in tokens:
            if not 0 <= token < self.size:
                raise UserError(f"Token must be 0 to {self.size - 1}, not {token}")
