# SPDX-License-Identifier: Apache-2.0
"""What each kind of decoder makes of a token, at the beginning of a text and later."""

import pytest

from streamhw.errors import UserError
from streamhw.frontend.tokenizers.decoder_steps import decoder_of

SPACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
LLAMA = {
    "type": "Sequence",
    "decoders": [
        SPACE,
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}
META = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}


@pytest.mark.parametrize(
    ("settings", "token", "first", "later"),
    [
        (None, "a", b"a", b" a"),
        ({"type": "ByteLevel"}, "ĠÃ©", " é".encode(), " é".encode()),
        (LLAMA, "▁▁a", b" a", b"  a"),
        (LLAMA, "<0xE2>", b"\xe2", b"\xe2"),
        (SPACE, "<0xE2>", b"<0xE2>", b"<0xE2>"),
        (META, "▁a▁b", b"a b", b" a b"),
        ({**META, "prepend_scheme": "never"}, "▁a", b" a", b" a"),
    ],
)
def test_tokens(settings: dict[str, object] | None, token: str, first: bytes, later: bytes) -> None:
    decode = decoder_of(settings, "m")
    assert decode(token, True) == first and decode(token, False) == later


def test_what_is_refused() -> None:
    with pytest.raises(UserError, match=r"^m: the decoder must be of .*, not WordPiece$"):
        decoder_of({"type": "WordPiece"}, "m")
    with pytest.raises(UserError, match=r"^m: the decoder must replace strings, not patterns$"):
        decoder_of({**SPACE, "pattern": {"Regex": "a+"}}, "m")
