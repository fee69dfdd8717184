# SPDX-License-Identifier: Apache-2.0
"""The ``decoder`` of a tokenizer.json as what it makes of one token: bytes."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import UserError
from .byte_alphabet import bytes_of

__all__ = ["Decode", "decoder_of"]

Decode = Callable[[str, bool], bytes]
"""The bytes of a token of the vocabulary, told whether it is the first of a text."""

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")
_KINDS = ("ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip")


def decoder_of(settings: Mapping[str, Any] | None, source: object) -> Decode:
    """What the decoder with these settings makes of a token.

    Raises ``UserError`` that names ``source`` for a kind that is not known, or settings that it
    does not have.
    """
    if settings is None:
        # Words: the library puts a space between them.
        return lambda token, first: (token if first else f" {token}").encode()
    steps = _flat(settings)
    for step in steps:
        if step.get("type") not in _KINDS:
            raise UserError(
                f"{source}: the decoder must be of {', '.join(_KINDS)}, not {step.get('type')}"
            )
    if any(step["type"] == "ByteLevel" for step in steps):
        return lambda token, _: bytes_of(token)
    fallback = any(step["type"] == "ByteFallback" for step in steps)
    edits = [_edit(step, source) for step in steps]

    def decode(token: str, first: bool) -> bytes:
        if fallback and (byte := _BYTE.fullmatch(token)):
            return bytes([int(byte[1], 16)])
        for edit in edits:
            token = edit(token, first)
        return token.encode("utf-8", errors="replace")

    return decode


def _flat(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if settings.get("type") != "Sequence":
        return [settings]
    return [step for part in settings["decoders"] for step in _flat(part)]


def _edit(step: Mapping[str, Any], source: object) -> Callable[[str, bool], str]:
    match step["type"]:
        case "Replace":
            old, new = step["pattern"].get("String"), step["content"]
            if old is None:
                raise UserError(f"{source}: the decoder must replace strings, not patterns")
            return lambda token, _: token.replace(old, new)
        case "Metaspace":
            mark = step["replacement"]
            drop = step.get("prepend_scheme", "always") != "never"

            def spaces(token: str, first: bool) -> str:
                return token.removeprefix(mark if first and drop else "").replace(mark, " ")

            return spaces
        case "Strip":
            content, count = step["content"], int(step["start"])

            def strip(token: str, first: bool) -> str:
                for _ in range(count if first else 0):
                    token = token.removeprefix(content)
                return token

            return strip
        case _:
            return lambda token, _: token
