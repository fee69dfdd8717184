# SPDX-License-Identifier: Apache-2.0
"""Bytes that come piece by piece are the text that they are together."""

from hypothesis import given
from hypothesis import strategies as st

from streamhw.frontend.tokenizers import TextStream


@given(st.lists(st.binary(max_size=3)))
def test_pieces_are_the_whole(pieces: list[bytes]) -> None:
    stream = TextStream(lambda token, _: pieces[token])
    said = "".join([*map(stream.feed, range(len(pieces))), stream.end()])
    assert said == b"".join(pieces).decode(errors="replace")


@given(st.text(), st.integers(1, 3))
def test_no_half_character_comes(text: str, size: int) -> None:
    data = text.encode()
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    stream, said = TextStream(lambda token, _: pieces[token]), ""
    for token in range(len(pieces)):
        said += stream.feed(token)
        assert text.startswith(said)
    assert said == text and stream.end() == ""


def test_what_is_passed_over_is_not_first() -> None:
    seen = []

    def piece(token: int, first: bool) -> bytes | None:
        seen.append((token, first))
        return None if token == 0 else b"a"

    stream = TextStream(piece)
    assert [stream.feed(token) for token in (0, 1, 0, 2)] == ["", "a", "", "a"]
    assert seen == [(0, True), (1, True), (0, False), (2, False)]
