# SPDX-License-Identifier: Apache-2.0
"""A character for each byte, as GPT-2's vocabulary has them."""

from tokenizers import pre_tokenizers

from streamhw.frontend.tokenizers.byte_alphabet import ALPHABET, bytes_of


def test_the_alphabet_is_the_library_s() -> None:
    assert sorted(ALPHABET) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(ALPHABET.values()) == list(range(256))


def test_each_byte_is_written_as_the_library_does() -> None:
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for text in ("a b\n", "é€😀", "\x00\x7f\xa0\xad"):
        ((written, _),) = split.pre_tokenize_str(text)
        assert bytes_of(written) == text.encode()


def test_a_token_with_other_characters_is_text() -> None:
    assert bytes_of("a b") == b"a b" and bytes_of("漢") == "漢".encode()
