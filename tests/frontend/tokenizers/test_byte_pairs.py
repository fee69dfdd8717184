# SPDX-License-Identifier: Apache-2.0
"""Pairs are joined inside words, and words are cut by one expression after the other."""

from streamhw.frontend.tokenizers.byte_alphabet import ALPHABET
from streamhw.frontend.tokenizers.byte_pairs import GPT2_SPLIT, byte_pair_encoding

TOKENS = [*ALPHABET, "ab", "abc", "12", "Ġa", "<x>", "<y>"]
VOCABULARY = {token: index for index, token in enumerate(TOKENS)}
MERGES = [("a", "b"), ("1", "2"), ("Ġ", "a")]


def said(text: str, **more: object) -> list[str]:
    library = byte_pair_encoding(VOCABULARY, MERGES, **more)  # type: ignore[arg-type]
    return library.encode(text).tokens


def test_pairs_and_words() -> None:
    assert said("abc 12") == ["ab", "c", "Ġ", "12"]
    assert said("12", splits=(r"\p{N}", GPT2_SPLIT)) == ["1", "2"]
    assert said("abc", whole_words=True) == ["abc"]
    assert said("a", prefix_space=True) == ["Ġa"]


def test_special_tokens() -> None:
    library = byte_pair_encoding(VOCABULARY, MERGES, control=["<x>"], other=["<y>"])
    assert library.encode("ab<x><y>").tokens == ["ab", "<x>", "<y>"]
    added = library.get_added_tokens_decoder()
    assert [added[VOCABULARY[t]].special for t in ("<x>", "<y>")] == [True, False]
    assert said("<x>") == ["<", "x", ">"]
