# SPDX-License-Identifier: Apache-2.0
"""Text to token identifiers and back: the byte-level pair encoding of a checkpoint."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import UserError

if TYPE_CHECKING:
    from tokenizers import ByteLevelBPETokenizer

__all__ = ["ByteLevelTokenizer", "Tokenizer"]


class Tokenizer(Protocol):
    """What the tokenizer of any file format must do."""

    @property
    def size(self) -> int:
        """Number of identifiers."""
        ...

    def encode(self, text: str) -> list[int]:
        """Identifiers of ``text``; no token is added at either end."""
        ...

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``; bytes that are no complete character become U+FFFD.

        Raises ``UserError`` if a token is outside the vocabulary.
        """
        ...


@dataclass(frozen=True)
class ByteLevelTokenizer:
    """The tokenizer whose ``vocab.json`` and ``merges.txt`` are in ``directory``.

    The files are read when they are first needed.

    Raises ``UserError`` if a file is missing, later if it is not understood.
    """

    directory: Path

    def __post_init__(self) -> None:
        for file in self._files:
            if not file.is_file():
                raise UserError(f"{file}: the tokenizer file is missing")

    @property
    def size(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    def decode(self, tokens: Iterable[int]) -> str:
        tokens = list(tokens)
        for token in tokens:
            if not 0 <= token < self.size:
                raise UserError(f"Token must be 0 to {self.size - 1}, not {token}")
        return str(self._tokenizer.decode(tokens, skip_special_tokens=False))

    @property
    def _files(self) -> list[Path]:
        return [self.directory / name for name in ("vocab.json", "merges.txt")]

    @cached_property
    def _tokenizer(self) -> "ByteLevelBPETokenizer":
        # A tenth of a second that no command needs which shows or builds without text.
        from tokenizers import ByteLevelBPETokenizer

        try:
            return ByteLevelBPETokenizer(*map(str, self._files))
        except Exception as error:  # the library raises bare Exception
            raise UserError(f"{self.directory}: the tokenizer cannot be read ({error})") from None
