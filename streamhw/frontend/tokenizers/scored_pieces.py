# SPDX-License-Identifier: Apache-2.0
"""SentencePiece vocabularies with scores: the pair that makes the best piece is joined first."""

import heapq
import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from .chat_template import ChatTemplate
from .tokenizer import Tokenizer

__all__ = ["PieceKind", "ScoredPieces"]

_SPACE = "▁"
_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")


class PieceKind(IntEnum):
    """What a piece of a vocabulary is."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, kw_only=True)
class ScoredPieces(Tokenizer):
    """The vocabulary of Llama 2, Mistral and Gemma: characters are joined as long as there is a
    piece for two neighbors, the one of the highest score first; what is no piece becomes bytes.

    pieces, scores, kinds: by identifier
    prefix_space: whether a space goes before a text, and is taken away from what is said
    beginning: tokens before a prompt
    """

    pieces: tuple[str, ...] = field(repr=False)
    scores: tuple[float, ...] = field(repr=False)
    kinds: tuple[PieceKind, ...] = field(repr=False)
    prefix_space: bool = True
    beginning: tuple[int, ...] = ()
    chat_template: ChatTemplate | None = None

    @property
    def size(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        tokens: list[int] = []
        after_special = True
        for part in self._cut(text):
            if part in self._whole:
                tokens.append(self._whole[part])
                after_special = True
            elif part:
                space = " " if self.prefix_space and after_special else ""
                tokens += self._joined((space + part).replace(" ", _SPACE))
                after_special = False
        return tokens

    def piece(self, token: int, *, first: bool) -> bytes:
        if token >= self.size:
            return b""
        text = self.pieces[token]
        if self.kinds[token] is PieceKind.BYTE and (byte := _BYTE.fullmatch(text)):
            return bytes([int(byte[1], 16)])
        if self.kinds[token] not in (PieceKind.CONTROL, PieceKind.USER_DEFINED):
            text = text.replace(_SPACE, " ")
        if first and self.prefix_space:
            text = text.removeprefix(" ")
        return text.encode("utf-8", errors="replace")

    def is_control(self, token: int) -> bool:
        return token < self.size and self.kinds[token] in (PieceKind.CONTROL, PieceKind.UNKNOWN)

    @cached_property
    def _tokens(self) -> dict[str, int]:
        return {text: token for token, text in enumerate(self.pieces)}

    @cached_property
    def _whole(self) -> dict[str, int]:
        """Pieces that are one token wherever they are written."""
        kinds = (PieceKind.CONTROL, PieceKind.USER_DEFINED)
        return {
            text: token
            for token, (text, kind) in enumerate(zip(self.pieces, self.kinds, strict=True))
            if kind in kinds and text
        }

    @cached_property
    def _marks(self) -> re.Pattern[str] | None:
        longest = sorted(self._whole, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, longest))})") if longest else None

    def _cut(self, text: str) -> list[str]:
        return [text] if self._marks is None else self._marks.split(text)

    def _joined(self, text: str) -> list[int]:
        symbols: list[str | None] = list(text)
        before = list(range(-1, len(text) - 1))
        after = list(range(1, len(text) + 1))
        heap: list[tuple[float, int, int, str]] = []

        def offer(left: int, right: int) -> None:
            if left < 0 or right >= len(symbols):
                return
            pair = f"{symbols[left]}{symbols[right]}"
            if (token := self._tokens.get(pair)) is not None:
                heapq.heappush(heap, (-self.scores[token], left, right, pair))

        for left in range(len(text) - 1):
            offer(left, left + 1)
        while heap:
            _, left, right, pair = heapq.heappop(heap)
            if symbols[left] is None or symbols[right] is None:
                continue
            if f"{symbols[left]}{symbols[right]}" != pair or after[left] != right:
                continue
            symbols[left], symbols[right] = pair, None
            after[left] = after[right]
            if after[left] < len(symbols):
                before[after[left]] = left
            offer(before[left], left)
            offer(left, after[left])
        tokens: list[int] = []
        for symbol in symbols:
            if symbol is not None:
                tokens += self._identifiers(symbol)
        return tokens

    def _identifiers(self, symbol: str) -> list[int]:
        """The token of a symbol, else those of its bytes, else the unknown one."""
        if (token := self._tokens.get(symbol)) is not None:
            return [token]
        data = symbol.encode("utf-8", errors="replace")
        found = [self._tokens.get(f"<0x{byte:02X}>") for byte in data]
        known = [token for token in found if token is not None]
        if len(known) == len(found):
            return known
        return [token for token, kind in enumerate(self.kinds) if kind is PieceKind.UNKNOWN][:1]
