# SPDX-License-Identifier: Apache-2.0
"""Stream types that the kernels of causal attention share: scores, cached rows and row lengths."""

import numpy as np
from amaranth.utils import bits_for
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.control.row_windows import HIDDEN
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import ITensor, Symbol, SymbolValues, row_major

__all__ = [
    "attention_nest",
    "cached_type",
    "check_heads",
    "check_lanes",
    "check_positions",
    "hidden_symbol",
    "length_symbol",
    "length_type",
    "lengths_of",
    "query_type",
    "rounds_of",
    "row_type",
    "score_type",
]


def check_heads(*, heads: int, shared: int, parallel_heads: int) -> None:
    """Raises ``ValueError`` if ``shared`` query heads a cached head do not divide the heads, or
    ``parallel_heads`` of them do not, or use some cached head with others that do not pass with
    them."""
    if shared < 1 or heads % shared:
        raise ValueError(f"shared must divide the {heads} heads, not {shared}")
    if parallel_heads < 1 or heads % parallel_heads:
        raise ValueError(f"parallel_heads must divide the {heads} heads, not {parallel_heads}")
    if parallel_heads > 1 and parallel_heads % shared:
        raise ValueError(
            f"parallel_heads must be 1 or a multiple of the {shared} heads that share one, "
            f"not {parallel_heads}"
        )


def check_lanes(*, head_dim: int, lanes: int, parallel_heads: int) -> None:
    """Raises ``ValueError`` if ``lanes`` do not divide a head, or heads that pass in parallel are
    not whole."""
    if lanes < 1 or head_dim % lanes:
        raise ValueError(f"lanes must divide head_dim {head_dim}, not {lanes}")
    if parallel_heads > 1 and lanes != head_dim:
        raise ValueError(
            f"lanes must be head_dim {head_dim} where {parallel_heads} heads pass in parallel, "
            f"not {lanes}"
        )


def check_positions(*, positions: int, context: int, head_dim: int, lanes: int) -> None:
    """Raises ``ValueError`` if ``positions`` are no power of two that divides the context, or
    several pass in a beat without the whole head."""
    if positions < 1 or positions & (positions - 1) or context % positions:
        raise ValueError(
            f"positions must be a power of two that divides the context of {context}, "
            f"not {positions}"
        )
    if positions > 1 and lanes != head_dim:
        raise ValueError(
            f"lanes must be head_dim {head_dim} where {positions} positions pass in a beat, "
            f"not {lanes}"
        )


def attention_nest(
    *,
    tokens: int,
    heads: int,
    head_dim: int,
    context: int,
    lanes: int,
    parallel_heads: int = 1,
    positions: int = 1,
) -> KernelNest:
    """The loops of causal attention: token t, head h, position p up to the token's length, and
    element e of the head; ``parallel_heads`` heads, ``positions`` and ``lanes`` elements in an
    iteration. All heads of a token have one length, so that parallel heads need no mask; of
    parallel positions the last ones of a row may be behind its end, and pass as zeros."""
    return KernelNest(
        (
            KernelLoop("t", Symbol("tokens", tokens)),
            KernelLoop("h", heads, parallel_heads),
            KernelLoop("p", length_symbol(context), positions),
            KernelLoop("e", head_dim, lanes),
        )
    )


def row_type(fmt: Fixed, *, tokens: int, heads: int, head_dim: int, lanes: int) -> ITensor:
    """One row of all heads for each token, row-major: [tokens, heads * head_dim]."""
    return row_major(fmt, (Symbol("tokens", tokens), heads * head_dim), lanes)


def query_type(
    fmt: Fixed,
    *,
    tokens: int,
    heads: int,
    head_dim: int,
    context: int,
    lanes: int,
    parallel_heads: int = 1,
    positions: int = 1,
) -> ITensor:
    """[tokens, heads * head_dim], the part of parallel heads again for each position of theirs, or
    ``positions`` of them."""
    nest = attention_nest(
        tokens=tokens,
        heads=heads,
        head_dim=head_dim,
        context=context,
        lanes=lanes,
        parallel_heads=parallel_heads,
        positions=positions,
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
    parallel_heads: int = 1,
    positions: int = 1,
    windowed: bool = False,
) -> ITensor:
    """[context, heads / shared * head_dim], for each token head by head up to the token's length,
    ``positions`` a beat; ``shared`` query heads in a row read one cached head (g), each all of it,
    or, in parallel, all at once: a beat has the ``parallel_heads / shared`` cached heads of the
    query heads that pass. With windows rows begin anywhere, so each token has its own: [tokens,
    context, heads / shared * head_dim]."""
    nest = attention_nest(
        tokens=tokens,
        heads=shared,
        head_dim=head_dim,
        context=context,
        lanes=lanes,
        positions=positions,
    )
    token, query, *inner = nest.loops
    again = (query,) if shared > 1 and parallel_heads == 1 else ()
    cached = KernelLoop("g", heads // shared, max(1, parallel_heads // shared))
    grouped = KernelNest((token, cached, *again, *inner))
    tokens_own = (index(t=1),) if windowed else ()
    access = (*tokens_own, index(p=1), index(g=head_dim, e=1))
    return grouped.input(Operand(fmt=fmt, access=access))


def score_type(
    fmt: Fixed,
    *,
    tokens: int,
    heads: int,
    context: int,
    parallel_heads: int = 1,
    positions: int = 1,
) -> ITensor:
    """[tokens, heads, context], ``positions`` elements of each of the parallel heads a beat, each
    row up to its token's length."""
    nest = attention_nest(
        tokens=tokens,
        heads=heads,
        head_dim=1,
        context=context,
        lanes=1,
        parallel_heads=parallel_heads,
        positions=positions,
    )
    return nest.output(Operand(fmt=fmt, access=(index(t=1), index(h=1), index(p=1))))


def length_symbol(context: int) -> Symbol:
    """The causal length of a row of scores."""
    return Symbol("length", context, ragged=True)


def hidden_symbol(most: int) -> Symbol:
    """Of a row of scores, how many of the first do not count: they are before a window."""
    return Symbol(HIDDEN, most, ragged=True)


def length_type(*, tokens: int, heads: int, context: int, parallel_heads: int = 1) -> ITensor:
    """[tokens, heads / parallel_heads]: the length of the rows of scores that pass together."""
    fmt = Fixed(bits_for(context), signed=False)
    nest = attention_nest(
        tokens=tokens, heads=heads // parallel_heads, head_dim=1, context=context, lanes=1
    )
    return nest.input(Operand(fmt=fmt, access=(index(t=1), index(h=1)), holds=True))


def lengths_of(symbol_values: SymbolValues, *, tokens: int, context: int) -> NDArray[np.int64]:
    """The length of each token's rows; the bound where no value is bound."""
    value = symbol_values.get("length", context)
    return np.broadcast_to(np.asarray(value, dtype=np.int64), (tokens,))


def rounds_of(
    symbol_values: SymbolValues, *, tokens: int, context: int, positions: int
) -> NDArray[np.int64]:
    """Beats of one head in each token's rows of scores: the last one may not be full."""
    return -(-lengths_of(symbol_values, tokens=tokens, context=context) // positions)
