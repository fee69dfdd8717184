# SPDX-License-Identifier: Apache-2.0
"""Softmax of rows whose lengths are known at run time only."""

from dataclasses import dataclass

import numpy as np
from amaranth.utils import bits_for
from numpy.typing import NDArray

from ...numerics.fixed import round_shift
from ...stream.behaviour import Behaviour
from ...stream.credit import credit_latency, credit_memory
from ...stream.itensor.itensor import SymbolValues
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Memory, Resources, Tensors, Timing
from ...stream.table_lookup import TableLookup
from .softmax_geometry import LOG2E, RESULT, ROWS, SoftmaxGeometry
from .softmax_hardware import SoftmaxKernel
from .stream_types import (
    lengths_of,
    rounds_of,
)

__all__ = ["SoftmaxSpec"]


@dataclass(frozen=True, kw_only=True)
class SoftmaxSpec(SoftmaxGeometry, KernelSpec):
    """Row-wise softmax in two passes over a ring of elements.

    The first pass writes each exp(x) = m * 2^i as mantissa and power, keeps the largest power of
    the row, and sums relative to it: where the largest grows, the sum is shifted, so no element
    is read twice and no subtraction of a maximum is needed. The second pass multiplies by the
    reciprocal of the normalized sum while the first pass is already in the next rows::

        i -> [* log2 e] -> [2^fraction table] -> ring ------------------------> [* r, shift] -> o
                                              -> [max, sum] -> [1/x table] -> r --^

    The rows of parallel heads go in lockstep, since they have one length: one control, and a data
    path for each. Where the largest power grows, the shift of the sum drops bits, so that the order
    of the elements matters: parallel positions give the sum of one after the other
    (``softmax_total``). What of a beat is behind the end of its row counts as nothing and gives 0,
    and so do the first ``i_hidden`` elements of a row: they are before a window.

    Shapes      i, o: [tokens, heads, context], each row up to its length, ``positions`` elements of
                ``parallel_heads`` heads a beat; i_length: [tokens, heads / parallel_heads], at
                least 1, read at the start of a row; i_hidden: as i_length, less than it, if there
                are hidden elements
    Formats     i: ``source``; o: ``out``, unsigned; mantissa and power have out.frac + 3 fraction
                bits, the sum out.frac + 4 + log2(context), it cannot overflow
    Parameters  tokens, context: bounds; heads; parallel_heads: heads a beat; positions: positions a
                beat, a power of two that divides context; hidden: most hidden elements of a row;
                source, out: formats
    Timing      n = ceil(length / positions), s = 23, or, with several positions, 24 + positions:
                interval = heads / parallel_heads * sum of all n; latency = first n + s;
                drain = s - 1 + last n if no row is shorter than the one before it (see ``timing``).
                The first result of a row comes s cycles after its last element
    Buffers     ring of context / positions + s + 9 beats, rounded up to a power of two; 32 rows
    Error       |o - softmax(i)| < 1 LSB of ``out``, and 1 where a format without whole bits gives
                its largest code for a result of 1 (proved in
                tests/kernels/attention/test_softmax.py); a row of one element gives 1 or that code
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if ``out`` is signed, or has more than 17 fraction bits; if
                parallel_heads does not divide the heads, or positions the context; if hidden is
                negative
    Source      Milakov & Gimelshein 2018 (online normalizer), here with powers of two
    """

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        x = np.asarray(inputs["i"], dtype=np.int64)
        result = np.zeros((len(x), self.heads, self.context), dtype=np.int64)
        lengths = lengths_of(symbol_values, tokens=len(x), context=self.context)
        if "i_length" in inputs and (lengths != np.asarray(inputs["i_length"]).T).any():
            raise ValueError(f"i_length must be the bound lengths {lengths.tolist()} in each head")
        begins = np.zeros(len(x), dtype=np.int64)
        if self.hidden:
            begins = np.asarray(inputs["i_hidden"], dtype=np.int64)[:, 0]
        for t, (begin, length) in enumerate(zip(begins, lengths, strict=True)):
            result[t, :, begin:length] = self._rows(x[t, :, begin:length])
        return {"o": result}

    def _rows(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        powers = round_shift(x * LOG2E, self.source.frac + 24 - self.frac)
        whole = powers >> self.frac
        mantissa = self.power_table.evaluate(powers & ((1 << self.frac) - 1))
        largest = whole[:, 0].copy()
        total = np.zeros(len(x), dtype=np.int64)
        scaled = mantissa << (self.sum_frac - self.frac)
        for p in range(x.shape[1]):
            distance = np.minimum(np.abs(whole[:, p] - largest), 62)
            grows = whole[:, p] > largest
            total = np.where(
                grows,
                (total >> distance) + scaled[:, p],
                total + (scaled[:, p] >> distance),
            )
            largest = np.maximum(largest, whole[:, p])
        exponent = np.zeros(len(x), dtype=np.int64)
        for k in range(1, self.sum_width - self.sum_frac):
            exponent += (total >> (self.sum_frac + k)) != 0
        rest = (total >> (exponent + self.sum_frac - self.frac)) & ((1 << self.frac) - 1)
        inverse = self.reciprocal_table.evaluate(rest)
        shift = (largest + exponent)[:, None] - whole + 2 * self.frac + 1 - self.out.frac
        return self.out.saturate(round_shift(mantissa * inverse[:, None], np.minimum(shift, 62)))

    def timing(self, symbol_values: SymbolValues) -> Timing:
        tokens = symbol_values.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        lengths = rounds_of(
            symbol_values, tokens=int(tokens), context=self.context, positions=self.positions
        )
        accepted, free, first = 1, 0, None
        for length in np.repeat(lengths, self.heads // self.parallel_heads).tolist():
            accepted += length
            # a row is sent when it is complete and the row before it has been sent
            begin = max(accepted + self.record, free)
            free = begin + length
            first = begin if first is None else first
        assert first is not None
        queue = credit_latency(RESULT)
        return Timing(
            latency=first + queue,
            interval=int(lengths.sum()) * (self.heads // self.parallel_heads),
            drain=free - accepted + queue,
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(
            row=self._first_row, ahead=lambda values, timing: self._first_row(values) - 1
        )

    def _first_row(self, symbol_values: SymbolValues) -> int:
        """Beats of scores of the first token and head."""
        length = symbol_values["length"]
        return -(-(length if isinstance(length, int) else length[0]) // self.positions)

    def resources(self) -> Resources:
        heads = self.parallel_heads
        paths = heads * self.positions
        powers = TableLookup.resources_of(self.power_table, paths)
        inverse = TableLookup.resources_of(self.reciprocal_table, heads)
        queue = credit_memory(lanes_of(self.port("o").type), RESULT)
        whole, length = self.power_shape.width, bits_for(self.context)
        ring = Memory(paths * (self.frac + 1 + whole), self.ring_depth)
        record = Memory(heads * (self.frac + 2 + whole + 1), ROWS, asynchronous=True)
        wide, shifter = self.source.width + 25, 3 * self.sum_width
        data_ffs = wide + 5 * self.sum_width + 9 * self.frac + 14 * whole
        # of each position after the first: its own step of the sum, with bits that fall
        steps = heads * (self.positions - 1)
        each = ((self.source.width, 26), (self.frac + 1, self.frac + 2))
        return Resources(
            luts=powers.luts
            + inverse.luts
            + paths * (shifter + 4 * self.frac + 12 * whole)
            + steps * 4 * self.sum_width
            + 30,
            muxes=paths * 8 * shifter + steps * 6 * 3 * self.sum_width,
            ffs=powers.ffs
            + inverse.ffs
            + paths * data_ffs
            + steps * (4 * self.sum_width + 3 * whole)
            + 90,
            multipliers=(*each * paths, *powers.multipliers, *inverse.multipliers),
            memories=(
                ring,
                record,
                Memory(length, ROWS, asynchronous=True),
                *powers.memories,
                *inverse.memories,
                *((queue,) if queue else ()),
            ),
        )

    def create(self) -> SoftmaxKernel:
        return SoftmaxKernel(spec=self)
