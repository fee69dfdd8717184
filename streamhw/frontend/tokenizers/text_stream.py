# SPDX-License-Identifier: Apache-2.0
"""Text from tokens as they come: what is not a complete character yet is held back."""

import codecs
from collections.abc import Callable

__all__ = ["TextStream"]

_Decoder = codecs.getincrementaldecoder("utf-8")


class TextStream:
    """Turns one token after the other into text. All that it gives, with ``end``, is what the bytes
    of all tokens together are as UTF-8, with U+FFFD for what is none.

    piece: the bytes of a token, told whether it is the first; None if it is to be passed over
    """

    def __init__(self, piece: Callable[[int, bool], bytes | None]):
        self._piece = piece
        self._decoder = _Decoder(errors="replace")
        self._first = True

    def feed(self, token: int) -> str:
        """The text that is complete with this token."""
        piece = self._piece(token, self._first)
        if piece is None:
            return ""
        self._first = False
        return self._decoder.decode(piece)

    def end(self) -> str:
        """U+FFFD if the last character has not become complete."""
        return self._decoder.decode(b"", final=True)
