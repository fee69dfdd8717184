# SPDX-License-Identifier: Apache-2.0
"""What a tokenizer is: text to token identifiers, and the bytes that each token stands for."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ...errors import UserError
from .chat_template import ChatTemplate
from .text_stream import TextStream

__all__ = ["Tokenizer"]


class Tokenizer(ABC):
    """The tokenizer of any file format. A text is the bytes of its tokens, one after the other,
    read as UTF-8."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of identifiers."""

    @property
    def plain_size(self) -> int:
        """Number of identifiers without those that were added to the vocabulary."""
        return self.size

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Identifiers of ``text``; special tokens that are written out in it are one token each.
        None is added at either end."""

    @abstractmethod
    def piece(self, token: int, *, first: bool) -> bytes:
        """The bytes of a token, which may differ at the beginning of a text.

        token: at least 0; one that the tokenizer does not know stands for nothing
        """

    @property
    def beginning(self) -> tuple[int, ...]:
        """Tokens that the model expects before a prompt."""
        return ()

    def is_control(self, token: int) -> bool:
        """Whether a token directs the model and is no text that anybody reads."""
        return False

    @property
    def chat_template(self) -> ChatTemplate | None:
        """What turns messages into a prompt, if the model was trained to chat."""
        return None

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``, control tokens too; bytes that are no complete character become
        U+FFFD, tokens beyond the vocabulary nothing.

        Raises ``UserError`` for a negative token.
        """
        stream = self.stream(control=True)
        return "".join([*map(stream.feed, tokens), stream.end()])

    def stream(self, *, control: bool = False) -> TextStream:
        """Takes tokens as they come; control: whether the text has those that direct the model."""

        def piece(token: int, first: bool) -> bytes | None:
            if token < 0:
                raise UserError(f"Token must be at least 0, not {token}")
            if not control and self.is_control(token):
                return None
            return self.piece(token, first=first)

        return TextStream(piece)
