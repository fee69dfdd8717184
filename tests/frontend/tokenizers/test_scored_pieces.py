# SPDX-License-Identifier: Apache-2.0
"""Pieces with scores: joined as SentencePiece does it, and read back."""

from hypothesis import given
from hypothesis import strategies as st

from streamhw.frontend.tokenizers.scored_pieces import PieceKind, ScoredPieces

NAMES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
NAMES += ["▁", "a", "b", "ab", "▁a", "▁ab", "aa", "<think>"]
KINDS = [PieceKind.UNKNOWN, PieceKind.CONTROL, PieceKind.CONTROL] + [PieceKind.BYTE] * 256
KINDS += [PieceKind.NORMAL] * 7 + [PieceKind.USER_DEFINED]
A = NAMES.index("a")


def pieces(**scores: float) -> ScoredPieces:
    return ScoredPieces(
        pieces=tuple(NAMES),
        scores=tuple(scores.get(name, -10.0) for name in NAMES),
        kinds=tuple(KINDS),
        prefix_space=False,
    )


def said(tokenizer: ScoredPieces, text: str) -> list[str]:
    return [NAMES[token] for token in tokenizer.encode(text)]


def test_the_best_pair_is_joined_first() -> None:
    assert said(pieces(aa=-1.0, ab=-2.0), "aab") == ["aa", "b"]
    assert said(pieces(aa=-2.0, ab=-1.0), "aab") == ["a", "ab"]
    assert said(pieces(), "aaa") == ["aa", "a"]  # of equal ones the first
    assert said(pieces(), " ab") == ["▁ab"]


def test_what_is_no_piece_becomes_bytes() -> None:
    assert said(pieces(), "é") == ["<0xC3>", "<0xA9>"]
    assert said(pieces(), "<0x41>")[0] == "<0x3C>"


def test_special_tokens_are_one_token() -> None:
    assert said(pieces(), "<s>a</s><think>b") == ["<s>", "a", "</s>", "<think>", "b"]
    tokenizer = pieces()
    assert tokenizer.is_control(1) and not tokenizer.is_control(len(NAMES) - 1)
    assert not tokenizer.is_control(10_000) and tokenizer.decode([10_000]) == ""


def test_a_space_before_the_text() -> None:
    tokenizer = ScoredPieces(
        pieces=tuple(NAMES), scores=(0.0,) * len(NAMES), kinds=tuple(KINDS), prefix_space=True
    )
    assert said(tokenizer, "ab<s>ab") == ["▁ab", "<s>", "▁ab"]
    assert tokenizer.decode(tokenizer.encode("ab ab")) == "ab ab"
    stream = tokenizer.stream()
    assert [stream.feed(token) for token in (1, *tokenizer.encode("a a"))] == ["", "a", " a"]


@given(st.text())
def test_text_comes_back(text: str) -> None:
    tokenizer = pieces()
    assert tokenizer.decode(tokenizer.encode(text)) == text.replace("▁", " ")


@given(st.lists(st.integers(0, len(NAMES) + 5)))
def test_a_stream_is_the_whole_text(tokens: list[int]) -> None:
    tokenizer = pieces()
    stream = tokenizer.stream(control=True)
    assert "".join([*map(stream.feed, tokens), stream.end()]) == tokenizer.decode(tokens)
