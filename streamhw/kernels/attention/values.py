# SPDX-License-Identifier: Apache-2.0
"""Attention values: the sum of a head's cached values, weighted by the row's probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...numerics.fixed import round_shift
from ...stream.behaviour import Behaviour
from ...stream.credit import credit_latency, credit_memory
from ...stream.itensor.itensor import SymbolValues
from ...stream.queue import queue_latency, queue_memory
from ...stream.spec import KernelSpec, Resources, Tensors, Timing
from .stream_types import (
    lengths_of,
    rounds_of,
)
from .values_geometry import ValuesGeometry
from .values_hardware import ValuesKernel

__all__ = ["ValuesSpec"]


@dataclass(frozen=True, kw_only=True)
class ValuesSpec(ValuesGeometry, KernelSpec):
    """``sum over positions of p * v >> shift`` of each token and head.

    The sums of a head go round a ring of F = head_dim / lanes registers, one beat a step, so that
    each meets its own product again at the next position. At the last position of a row they
    leave while they are finished; the next row starts behind them without a gap::

        i_p, i_v -> [lanes multipliers] -> [+] -> [ring of F] -+-> [round, saturate] -> [width] -> o
                                            ^------------------+

    Heads in parallel go in lockstep, since their rows have one length: each has a ring of its own,
    and the beat of all of them is a piece of the row, which is cut or joined to ``out_lanes``. The
    products of parallel positions are summed by a registered tree in front of the ring; behind the
    end of a row probabilities and values are zeros.

    Shapes      i_length: [tokens, heads / parallel_heads], at least 1; i_p: [tokens, heads,
                context], ``parallel_heads`` heads a beat, each row up to its length; i_v: [context,
                heads / shared * head_dim], again for each token, head by head, each head again for
                the ``shared`` query heads that read it (parallel_heads: at once for all of them);
                ``positions`` of i_p and i_v a beat;
                o: [tokens, heads * head_dim] row-major, ``out_lanes`` a beat
    Formats     i_p: ``probability``; i_v: ``value``; o: ``out``; the sum has all bits of
                probability + value + log2(context), it cannot overflow
    Parameters  tokens, context: bounds; heads, head_dim: elements; lanes: divides head_dim;
                out_lanes: divides or is divided by parallel_heads * lanes; shift: bits dropped from
                the sum; shared: query heads a value head; parallel_heads: query heads a beat, 1 or
                a multiple of shared; positions: positions a beat, a power of two that divides
                context; fabric_positions: the last of them, whose products are made of LUTs, for
                devices short of multipliers: with signed values of 4 or 8 bits; windowed: whether
                i_v has rows of each token's own, [tokens, context, heads / shared * head_dim]
    Timing      n = ceil(length / positions), r = max(1, parallel_heads * lanes / out_lanes):
                interval = heads / parallel_heads * sum over the tokens of F * max(n, r),
                latency and drain in ``timing``, exact where no n is below r; for r = 1:
                latency = F * (first n - 1) + 6, drain = 5, and log2(positions) more of both
    Buffers     rings of head_dim sums; 6 beats, and log2(positions), in the credit bracket; F more
                where r and F > 1
    Error       half an LSB of ``out`` against the exact integer sum / 2**shift, or saturation
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if lanes, out_lanes, shared or parallel_heads do not divide as above,
                lanes is not all of head_dim with heads or parallel positions, positions does not
                divide context, fabric_positions are not as above, or shift is negative
    Source      Vaswani et al. 2017 (scaled dot-product attention)
    """

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        p = np.asarray(inputs["i_p"], dtype=np.int64)
        v = np.asarray(inputs["i_v"], dtype=np.int64)
        v = np.repeat(v.reshape(*v.shape[:-1], -1, self.head_dim), self.shared, axis=-2)
        n = len(p)
        sums = np.zeros((n, self.heads, self.head_dim), dtype=np.int64)
        for t, length in enumerate(lengths_of(symbol_values, tokens=n, context=self.context)):
            values = v[t] if self.windowed else v
            sums[t] = np.einsum("hp,phd->hd", p[t, :, :length], values[:length])
        result = self.out.saturate(round_shift(sums, self.shift))
        return {"o": result.reshape(n, self.heads * self.head_dim)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        tokens = symbol_values.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        lengths = rounds_of(
            symbol_values, tokens=int(tokens), context=self.context, positions=self.positions
        )
        ratio = self.ratio
        joined = max(1, self.out_lanes // self.beat)
        rows, beats = divmod(joined - 1, self.fold)
        first = ((rows + 1) * int(lengths[0]) - 1) * self.fold + beats
        tail = credit_latency(self.depth) + int(ratio * joined > 1)
        if self.waits:
            tail += queue_latency(self.fold)
        return Timing(
            latency=1 + first + tail,
            interval=int(np.maximum(lengths, ratio).sum())
            * (self.heads // self.parallel_heads)
            * self.fold,
            drain=tail + self.fold * (ratio - 1),
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(multiplies=self.lanes)

    def resources(self) -> Resources:
        total, lanes = self.sum_shape.width, self.beat
        beat = lanes * self.out.width
        memories = [credit_memory(beat, self.depth)]
        repack = 0
        if lanes != self.out_lanes:
            repack = 2 * max(lanes, self.out_lanes) * self.out.width
        if self.waits:
            memories.append(queue_memory(beat, self.fold))
        rounding = lanes * (self.out.width + 4)
        product = self.probability.width + self.value.width
        products = self.positions * lanes * product
        tree = (self.positions - 1) * lanes * (product + 1)
        # two bits of a value choose a multiple of the probability, two of which make a sum
        factor = self.probability.width + 1
        digits = self.value.width // 4
        each = digits * 5 * (factor + 4) // 3 + (digits - 1) * (factor + 4)
        fabric = self.fabric_positions * (lanes * each + self.parallel_heads * 2 * (factor + 2))
        return Resources(
            luts=lanes * total + tree + fabric + rounding + repack // 2 + 34,
            muxes=2 * lanes * total,
            ffs=lanes * (total + self.out.width)
            + products
            + tree
            + self.fabric_positions * self.parallel_heads * 2 * (factor + 2)
            + repack
            + 3 * self.parallel_heads * self.depth
            + 48,
            # operands have no enable, so that multipliers take their registers
            dsp_ffs=self.positions * lanes * self.value.width,
            # the ring of sums behind its first register
            delays=((lanes * total, self.fold - 1),),
            multipliers=((self.probability.width + 1, self.value.width),)
            * lanes
            * (self.positions - self.fabric_positions),
            memories=tuple(memory for memory in memories if memory),
        )

    def create(self) -> ValuesKernel:
        return ValuesKernel(spec=self)
