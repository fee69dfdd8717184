# SPDX-License-Identifier: Apache-2.0
"""Byte-level pair encoding from a vocabulary and its merges."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

__all__ = ["GPT2_SPLIT", "byte_pair_encoding"]

GPT2_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""How GPT-2 cuts text into words, as a regular expression."""


def byte_pair_encoding(
    vocabulary: Mapping[str, int],
    merges: Sequence[tuple[str, str]],
    *,
    splits: Sequence[str] = (GPT2_SPLIT,),
    whole_words: bool = False,
    prefix_space: bool = False,
    control: Sequence[str] = (),
    other: Sequence[str] = (),
) -> "Library":
    """A tokenizer of the library.

    splits: regular expressions that cut a text into words, one after the other
    whole_words: whether a word of the vocabulary is one token, whatever the merges say
    prefix_space: whether a space goes before a text
    control, other: tokens that are one token wherever they are written; those of ``control`` direct
        the model, the others are text
    """
    # A tenth of a second that no command needs which shows or builds without text.
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    library = Tokenizer(
        models.BPE(dict(vocabulary), list(merges), fuse_unk=False, ignore_merges=whole_words)
    )
    cuts = [pre_tokenizers.Split(Regex(split), "isolated") for split in splits]
    spelled = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space, use_regex=False)
    # The space has to be there before the text is cut.
    if prefix_space:
        spelled, cuts = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True), []
    library.pre_tokenizer = pre_tokenizers.Sequence([*cuts, spelled])
    library.decoder = decoders.ByteLevel()
    library.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    library.add_tokens([AddedToken(token, normalized=False) for token in other])
    return library
