# SPDX-License-Identifier: Apache-2.0
"""Stream types that the kernels of causal attention share: scores, cached rows and row lengths."""

import numpy as np
from amaranth.utils import bits_for
from numpy.typing import NDArray

from ..numerics.fixed import Fixed
from ..stream.infer import KernelLoop, KernelNest, Operand, index
from ..stream.itensor import Bindings, ITensor, Symbol, row_major

__all__ = [
    "attention_nest",
    "cached_type",
    "check_shared",
    "length_type",
    "lengths_of",
    "query_type",
    "row_type",
    "score_type",
]


def check_shared(shared: int, heads: int) -> None:
    """Raises ``ValueError`` if ``shared`` query heads a cached head do not divide the heads."""
    if shared < 1 or heads % shared:
        raise ValueError(f"shared must divide the {heads} heads, not {shared}")


def attention_nest(
    *, tokens: int, heads: int, head_dim: int, context: int, lanes: int
) -> KernelNest:
    """The loops of causal attention: token t, head h, position p up to the token's length, and
    element e of the head, ``lanes`` of them in an iteration."""
    return KernelNest(
        (
            KernelLoop("t", Symbol("tokens", tokens)),
            KernelLoop("h", heads),
            KernelLoop("p", Symbol("length", context, ragged=True)),
            KernelLoop("e", head_dim, lanes),
        )
    )


def row_type(fmt: Fixed, *, tokens: int, heads: int, head_dim: int, lanes: int) -> ITensor:
    """One row of all heads for each token, row-major: [tokens, heads * head_dim]."""
    return row_major(fmt, (Symbol("tokens", tokens), heads * head_dim), lanes)


def query_type(
    fmt: Fixed, *, tokens: int, heads: int, head_dim: int, context: int, lanes: int
) -> ITensor:
    """[tokens, heads * head_dim], each head's part read again for each position it attends to."""
    nest = attention_nest(
        tokens=tokens, heads=heads, head_dim=head_dim, context=context, lanes=lanes
    )
    return nest.input(Operand(fmt=fmt, access=(index(t=1), index(h=head_dim, e=1))))


def cached_type(
    fmt: Fixed,
    *,
    tokens: int,
    heads: int,
    head_dim: int,
    context: int,
    lanes: int,
    shared: int = 1,
) -> ITensor:
    """[context, heads / shared * head_dim], for each token head by head up to the token's length;
    ``shared`` query heads in a row read one cached head (g), each all of it."""
    nest = attention_nest(
        tokens=tokens, heads=shared, head_dim=head_dim, context=context, lanes=lanes
    )
    token, query, *inner = nest.loops
    again = (query,) if shared > 1 else ()
    grouped = KernelNest((token, KernelLoop("g", heads // shared), *again, *inner))
    return grouped.input(Operand(fmt=fmt, access=(index(p=1), index(g=head_dim, e=1))))


def score_type(fmt: Fixed, *, tokens: int, heads: int, context: int) -> ITensor:
    """[tokens, heads, context], one element a beat, each row up to its token's length."""
    nest = attention_nest(tokens=tokens, heads=heads, head_dim=1, context=context, lanes=1)
    return nest.output(Operand(fmt=fmt, access=(index(t=1), index(h=1), index(p=1))))


def length_type(*, tokens: int, heads: int, context: int) -> ITensor:
    """[tokens, heads]: the length of each row of scores."""
    fmt = Fixed(bits_for(context), signed=False)
    nest = attention_nest(tokens=tokens, heads=heads, head_dim=1, context=context, lanes=1)
    return nest.input(Operand(fmt=fmt, access=(index(t=1), index(h=1)), holds=True))


def lengths_of(bindings: Bindings, *, tokens: int, context: int) -> NDArray[np.int64]:
    """The length of each token's rows; the bound where no value is bound."""
    value = bindings.get("length", context)
    return np.broadcast_to(np.asarray(value, dtype=np.int64), (tokens,))
