# SPDX-License-Identifier: Apache-2.0
"""Attention scores: the dot product of a query with each cached key of its head."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...numerics.fixed import round_shift
from ...stream.behaviour import Behaviour
from ...stream.credit import credit_latency, credit_memory
from ...stream.itensor.itensor import SymbolValues
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Resources, Tensors, Timing
from .scores_geometry import ScoresGeometry
from .scores_hardware import ScoresKernel
from .stream_types import (
    lengths_of,
)

__all__ = ["ScoresSpec"]


@dataclass(frozen=True, kw_only=True)
class ScoresSpec(ScoresGeometry, KernelSpec):
    """Integer scores ``query . key >> shift`` of each token, head and position.

    A beat of the query (sent again for each position) meets a beat of a key; the products of the
    lanes are summed by a registered tree, and the beats of a head in an accumulator::

        i_q, i_k -> [lanes multipliers] -> [adder tree] -> [+ accumulator] -> [round, saturate] -> o

    Every score takes head_dim / lanes beats, so that rows of any length need no control. With
    parallel heads a beat has whole heads, and each has multipliers and a tree of its own; with
    parallel positions each has them for every one. Keys behind the end of a row are zeros, and so
    are their scores.

    Shapes      i_q: [tokens, heads * head_dim], the part of each head, or of parallel heads, again
                for each of ``length`` positions; i_k: [context, heads / shared * head_dim], again
                for each token, head by head, each head again for the ``shared`` query heads that
                read it (parallel_heads: at once for all of them); o: [tokens, heads, context],
                ``parallel_heads`` heads a beat, each row up to ``length``; ``positions`` of i_k and
                o a beat, of i_q one beat for all of them
    Formats     i_q: ``query``; i_k: ``key``; o: ``out``, an integer of it is the rounded sum.
                The sum has query + key + log2(head_dim) bits and cannot overflow
    Parameters  tokens, context: bounds; heads, head_dim: elements; lanes: divides head_dim;
                shift: bits dropped from the sum, round half up; shared: query heads a key head;
                parallel_heads: query heads a beat, 1 or a multiple of shared; positions: positions
                a beat, a power of two that divides context; windowed: whether i_k has rows of each
                token's own, [tokens, context, heads / shared * head_dim]
    Timing      F = head_dim / lanes, c = ceil(log2(lanes)) + 5: interval = F * scores cycles,
                latency = F - 1 + c, drain = c; scores = heads / parallel_heads * sum of
                ceil(length / positions)
    Buffers     c + 1 beats in the queue of the credit bracket
    Error       half an LSB of ``out`` against the exact integer sum / 2**shift, or saturation
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if lanes does not divide head_dim, or is not all of it with heads or
                parallel positions; if shared or parallel_heads do not divide the heads as above,
                positions not the context, or shift is negative
    Source      Vaswani et al. 2017 (scaled dot-product attention)
    """

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        q = np.asarray(inputs["i_q"], dtype=np.int64)
        k = np.asarray(inputs["i_k"], dtype=np.int64)
        n = len(q)
        q = q.reshape(n, self.heads, self.head_dim)
        k = np.repeat(k.reshape(*k.shape[:-1], -1, self.head_dim), self.shared, axis=-2)
        scores = np.zeros((n, self.heads, self.context), dtype=np.int64)
        for t, length in enumerate(lengths_of(symbol_values, tokens=n, context=self.context)):
            keys = k[t] if self.windowed else k
            total = np.einsum("hd,phd->hp", q[t], keys[:length])
            scores[t, :, :length] = self.out.saturate(round_shift(total, self.shift))
        return {"o": scores}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        drain = credit_latency(self.depth)
        scores = self.port("o").type.beats(symbol_values)
        return Timing(latency=self.fold - 1 + drain, interval=self.fold * scores, drain=drain)

    def behaviour(self) -> Behaviour:
        return Behaviour(multiplies=self.lanes)

    def resources(self) -> Resources:
        product = self.query.width + self.key.width
        queue = credit_memory(lanes_of(self.port("o").type), self.depth)
        tree = (self.lanes - 1) * (product + 1)
        paths = self.parallel_heads * self.positions
        return Resources(
            luts=paths * (tree + 2 * self.sum_width + self.out.width) + 30,
            ffs=paths * (tree + 2 * self.lanes * product + self.sum_width + self.out.width)
            + (2 * paths + 1) * self.depth
            + 20,
            multipliers=((self.query.width, self.key.width),) * self.lanes * paths,
            memories=(queue,) if queue else (),
        )

    def create(self) -> ScoresKernel:
        return ScoresKernel(spec=self)
