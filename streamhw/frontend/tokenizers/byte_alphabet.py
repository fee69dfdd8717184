# SPDX-License-Identifier: Apache-2.0
"""The alphabet of byte-level vocabularies: a printable character for each byte."""

__all__ = ["ALPHABET", "bytes_of"]

_PRINTABLE = (*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100))
"""Bytes that stand for themselves; the others are the characters from 256 on, in order."""


def _alphabet() -> dict[str, int]:
    others = [byte for byte in range(256) if byte not in _PRINTABLE]
    characters = {chr(byte): byte for byte in _PRINTABLE}
    return characters | {chr(256 + index): byte for index, byte in enumerate(others)}


ALPHABET = _alphabet()
"""Bytes by character."""


def bytes_of(token: str) -> bytes:
    """The bytes that a token of a vocabulary stands for; a token that has other characters is
    text."""
    if all(character in ALPHABET for character in token):
        return bytes(ALPHABET[character] for character in token)
    return token.encode("utf-8", errors="replace")
