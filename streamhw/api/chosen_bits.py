# SPDX-License-Identifier: Apache-2.0
"""Bits of weights that are yet to be chosen: what ``auto:5%`` means for a model."""

import json
from collections.abc import Callable
from dataclasses import replace

from ..boards.base import Board
from ..boards.plain import plain_board
from ..cache import TextCache, default_cache
from ..compiler.config import BuildConfig
from ..compiler.ir.json_codec import decode, encode
from ..compiler.layers.table import layer_table
from ..compiler.pipeline import padded_for
from ..errors import UserError
from ..frontend import Model, Origin
from ..quantization.config import QuantConfig
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from ..reference.mixed_bits import MixedBits, mixed_bits
from .build_key import build_key
from .held_out import some_windows

__all__ = ["bits_chosen", "chosen_bits", "with_bits"]

_TOKENS = 2048
_WINDOW = 256
_LOGITS = 1 << 26
"""Numbers of the float model that are kept: a quarter of a gigabyte."""


def with_bits(model: Model, board: Board, config: BuildConfig) -> BuildConfig:
    """``config`` with the products of 8 bits chosen, if they are not yet."""
    return replace(config, quantization=bits_chosen(model, board, config.quantization))


def bits_chosen(
    model: Model,
    board: Board,
    config: QuantConfig,
    progress: Callable[[str, float], None] | None = None,
) -> QuantConfig:
    """The same of number formats alone."""
    return config if config.rise is None else chosen_bits(model, board, config, progress).config


def chosen_bits(
    model: Model,
    board: Board,
    config: QuantConfig,
    progress: Callable[[str, float], None] | None = None,
) -> MixedBits:
    """The mix of 4 and 8 bits whose rise of perplexity is at most ``config.rise``; it is kept in
    the user's cache folder.

    board: the one whose padding of rows counts
    progress: told what runs, and the fraction of it that is done

    Raises ``UserError`` for a model with random weights, and if 8 bits everywhere cost more.
    """
    if model.origin is Origin.RANDOM:
        raise UserError(
            f"{model.name}: bits by the rise of perplexity need trained weights, not random ones"
        )
    board = plain_board(board)
    cache = TextCache(default_cache() / "bits")
    key = build_key(model, board, BuildConfig(quantization=config), None)
    known = _read(cache.get(key))
    if known is None:
        known = _search(model, board, config, progress or (lambda what, done: None))
        cache.put(key, json.dumps(encode(known)))
    return known


def _read(text: str | None) -> MixedBits | None:
    """None if nothing is kept, or it is damaged."""
    try:
        return None if text is None else decode(MixedBits, json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None


def _search(
    model: Model, board: Board, config: QuantConfig, say: Callable[[str, float], None]
) -> MixedBits:
    def padded(chosen: QuantConfig) -> Model:
        return padded_for(model, board, BuildConfig(quantization=chosen))

    def quantized(padded: Model, chosen: QuantConfig) -> QuantizedModel:
        return quantize(padded, layer_table().quantization, chosen)

    tokens = max(2, min(_TOKENS, _LOGITS // model.graph.vocabulary))
    rows = some_windows(model, None, config, tokens=tokens, window=_WINDOW)
    return mixed_bits(model, padded, quantized, config, rows, say)
