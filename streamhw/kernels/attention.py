# SPDX-License-Identifier: Apache-2.0
"""Stream types that the kernels of causal attention share: scores, cached rows and row lengths."""

import numpy as np
from amaranth.utils import bits_for
from numpy.typing import NDArray

from ..numerics.fixed import Fixed
from ..stream.itensor import Bindings, ITensor, Loop, Symbol

__all__ = ["cached_type", "length_type", "lengths_of", "query_type", "row_type", "score_type"]


def _tokens(tokens: int) -> Symbol:
    return Symbol("tokens", tokens)


def _length(context: int) -> Symbol:
    return Symbol("length", context, ragged=True)


def row_type(fmt: Fixed, *, tokens: int, heads: int, head_dim: int, lanes: int) -> ITensor:
    """One row of all heads for each token, row-major: [tokens, heads * head_dim]."""
    columns = Loop(heads * head_dim // lanes, lanes, 1)
    return ITensor(fmt, (1, lanes), (Loop(_tokens(tokens), 1, 0), columns))


def query_type(
    fmt: Fixed, *, tokens: int, heads: int, head_dim: int, context: int, lanes: int
) -> ITensor:
    """[tokens, heads * head_dim], each head's part read again for each position it attends to."""
    loops = (
        Loop(_tokens(tokens), 1, 0),
        Loop(heads, head_dim, 1),
        Loop(_length(context)),
        Loop(head_dim // lanes, lanes, 1),
    )
    return ITensor(fmt, (1, lanes), loops)


def cached_type(
    fmt: Fixed, *, tokens: int, heads: int, head_dim: int, context: int, lanes: int
) -> ITensor:
    """[context, heads * head_dim], for each token head by head up to the token's length."""
    loops = (
        Loop(_tokens(tokens)),
        Loop(heads, head_dim, 1),
        Loop(_length(context), 1, 0),
        Loop(head_dim // lanes, lanes, 1),
    )
    return ITensor(fmt, (1, lanes), loops)


def score_type(fmt: Fixed, *, tokens: int, heads: int, context: int) -> ITensor:
    """[tokens, heads, context], one element a beat, each row up to its token's length."""
    loops = (Loop(_tokens(tokens), 1, 0), Loop(heads, 1, 1), Loop(_length(context), 1, 2))
    return ITensor(fmt, (1, 1, 1), loops)


def length_type(*, tokens: int, heads: int, context: int) -> ITensor:
    """[tokens, heads]: the length of each row of scores."""
    loops = (Loop(_tokens(tokens), 1, 0), Loop(heads, 1, 1))
    return ITensor(Fixed(bits_for(context), signed=False), (1, 1), loops)


def lengths_of(bindings: Bindings, *, tokens: int, context: int) -> NDArray[np.int64]:
    """The length of each token's rows; the bound where no value is bound."""
    value = bindings.get("length", context)
    return np.broadcast_to(np.asarray(value, dtype=np.int64), (tokens,))
