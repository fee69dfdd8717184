# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of the ``tokenizers`` library: what tokenizer.json holds, or what one was made of."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from .chat_template import ChatTemplate
from .decoder_steps import Decode, decoder_of
from .library import readable
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from tokenizers import AddedToken
    from tokenizers import Tokenizer as Library

__all__ = ["LibraryTokenizer"]


@dataclass(frozen=True)
class LibraryTokenizer(Tokenizer):
    """A tokenizer of the library, made when it is first needed.

    source: where it comes from, for messages
    make: makes it; errors inside become ``UserError``
    template: of chats
    begin: tokens before a prompt, if its own settings do not say so
    """

    source: object
    make: "Callable[[], Library]" = field(repr=False, compare=False)
    template: ChatTemplate | None = None
    begin: tuple[int, ...] | None = None

    @property
    def size(self) -> int:
        with readable(self.source):
            return int(self._library.get_vocab_size(with_added_tokens=True))

    @property
    def plain_size(self) -> int:
        with readable(self.source):
            return int(self._library.get_vocab_size(with_added_tokens=False))

    def encode(self, text: str) -> list[int]:
        with readable(self.source):
            return list(self._library.encode(text, add_special_tokens=False).ids)

    def piece(self, token: int, *, first: bool) -> bytes:
        added = self._added.get(token)
        if added is not None:
            return str(added.content).encode()
        text = None
        if token < 1 << 32:  # the library's identifiers are of 32 bits
            text = self._library.id_to_token(token)
        return b"" if text is None else self._decode(text, first)

    @cached_property
    def beginning(self) -> tuple[int, ...]:
        if self.begin is not None:
            return self.begin
        with readable(self.source):
            whole = self._library.encode("a", add_special_tokens=True).ids
        plain = self.encode("a")
        for start in range(len(whole) - len(plain) + 1):
            if whole[start : start + len(plain)] == plain:
                return tuple(whole[:start])
        return ()

    def is_control(self, token: int) -> bool:
        added = self._added.get(token)
        return added is not None and bool(added.special)

    @property
    def chat_template(self) -> ChatTemplate | None:
        return self.template

    @cached_property
    def _library(self) -> "Library":
        with readable(self.source):
            return self.make()

    @cached_property
    def _added(self) -> "dict[int, AddedToken]":
        with readable(self.source):
            return dict(self._library.get_added_tokens_decoder())

    @cached_property
    def _decode(self) -> Decode:
        with readable(self.source):
            decoder = self._library.decoder
            settings = None if decoder is None else json.loads(decoder.__getstate__())
            return decoder_of(settings, self.source)
