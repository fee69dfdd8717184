# SPDX-License-Identifier: Apache-2.0
"""The tokenizer inside a GGUF file: byte pairs, or pieces with scores."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...errors import UserError
from ..tokenizers import Tokenizer
from ..tokenizers.byte_pairs import GPT2_SPLIT, byte_pair_encoding
from ..tokenizers.chat_template import ChatTemplate
from ..tokenizers.library_tokenizer import LibraryTokenizer
from ..tokenizers.scored_pieces import PieceKind, ScoredPieces
from .metadata import Metadata
from .reader import GgufFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

__all__ = ["tokenizer_of"]

_LETTERS = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|"
    r"\p{N}{%s}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DIGIT_FIRST = (r"\p{N}", GPT2_SPLIT)

_SPLITS: Mapping[str, tuple[str, ...]] = {
    "default": (GPT2_SPLIT,),
    "gpt-2": (GPT2_SPLIT,),
    "mpt": (GPT2_SPLIT,),
    "smollm": _DIGIT_FIRST,
    "starcoder": _DIGIT_FIRST,
    "refact": _DIGIT_FIRST,
    "command-r": _DIGIT_FIRST,
    "qwen2": (_LETTERS % "1",),
    "llama-bpe": (_LETTERS % "1,3",),
}
"""How text is cut into words, by ``tokenizer.ggml.pre``."""
_WHOLE_WORDS = ("llama-bpe",)


def tokenizer_of(file: GgufFile) -> Tokenizer | None:
    """The tokenizer, if the file has one; raises ``UserError`` for a kind that is not known, and
    for one that is damaged, perhaps only when it is needed."""
    metadata = Metadata(file)
    if "tokenizer.ggml.model" not in metadata:
        return None
    model = metadata.text("tokenizer.ggml.model")
    tokens = metadata.texts("tokenizer.ggml.tokens")
    template = _template(metadata, tokens)
    if model == "llama":
        return ScoredPieces(
            pieces=tuple(tokens),
            scores=_scores(metadata, len(tokens)),
            kinds=_kinds(metadata, len(tokens)),
            prefix_space=metadata.truth("tokenizer.ggml.add_space_prefix", True),
            beginning=_beginning(metadata, default=True),
            chat_template=template,
        )
    if model != "gpt2":
        raise UserError(f"{file.path}: tokenizer must be one of gpt2, llama, not {model!r}")
    before = metadata.text("tokenizer.ggml.pre", "default")
    if before not in _SPLITS:
        known = ", ".join(_SPLITS)
        raise UserError(f"{file.path}: pre-tokenizer must be one of {known}, not {before!r}")
    return LibraryTokenizer(
        source=file.path,
        make=partial(_byte_pairs, metadata, before),
        template=template,
        begin=_beginning(metadata, default=before == "llama-bpe"),
    )


def _byte_pairs(metadata: Metadata, before: str) -> "Library":
    tokens = metadata.texts("tokenizer.ggml.tokens")
    kinds = _kinds(metadata, len(tokens))
    merges = []
    for merge in metadata.texts("tokenizer.ggml.merges"):
        first, _, second = merge.partition(" ")
        merges.append((first, second))
    by_kind = {
        kind: [text for text, found in zip(tokens, kinds, strict=True) if found is kind]
        for kind in (PieceKind.CONTROL, PieceKind.USER_DEFINED)
    }
    return byte_pair_encoding(
        {text: token for token, text in enumerate(tokens)},
        merges,
        splits=_SPLITS[before],
        whole_words=before in _WHOLE_WORDS,
        control=by_kind[PieceKind.CONTROL],
        other=by_kind[PieceKind.USER_DEFINED],
    )


def _kinds(metadata: Metadata, count: int) -> tuple[PieceKind, ...]:
    if "tokenizer.ggml.token_type" not in metadata:
        return (PieceKind.NORMAL,) * count
    found = metadata.numbers("tokenizer.ggml.token_type").tolist()
    known = {kind.value for kind in PieceKind}
    _counted(metadata, "tokenizer.ggml.token_type", len(found), count)
    return tuple(PieceKind(kind) if kind in known else PieceKind.NORMAL for kind in found)


def _scores(metadata: Metadata, count: int) -> tuple[float, ...]:
    found = metadata.numbers("tokenizer.ggml.scores").tolist()
    _counted(metadata, "tokenizer.ggml.scores", len(found), count)
    return tuple(float(score) for score in found)


def _counted(metadata: Metadata, key: str, found: int, count: int) -> None:
    if found != count:
        raise UserError(
            f"{metadata.file.path}: metadata {key} must have {count} numbers as there are tokens, "
            f"not {found}"
        )


def _beginning(metadata: Metadata, *, default: bool) -> tuple[int, ...]:
    if not metadata.truth("tokenizer.ggml.add_bos_token", default):
        return ()
    if "tokenizer.ggml.bos_token_id" not in metadata:
        return ()
    return (metadata.integer("tokenizer.ggml.bos_token_id"),)


def _template(metadata: Metadata, tokens: list[str]) -> ChatTemplate | None:
    if "tokenizer.chat_template" not in metadata:
        return None

    def text(role: str) -> str:
        token = metadata.integer(f"tokenizer.ggml.{role}_token_id", -1)
        return tokens[token] if 0 <= token < len(tokens) else ""

    return ChatTemplate(
        source=str(metadata.file.path),
        text=metadata.text("tokenizer.chat_template"),
        begin=text("bos"),
        end=text("eos"),
    )
