# SPDX-License-Identifier: Apache-2.0
"""Matrix product engine: quantized linear layers that share one array of multipliers in time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...stream.behaviour import Behaviour
from ...stream.itensor.itensor import SymbolValues
from ...stream.spec import KernelSpec, Piece, Resources, Tensors, Timing
from .behaviour import engine_behaviour
from .cost import core_resources, engine_pieces, engine_resources
from .engine import MatmulKernel
from .geometry import SLOTS, MatmulGeometry
from .packing import AFFINE_WORDS, linear_golden, unpack_tile_scales, unpack_weight
from .timing import engine_timing

__all__ = ["MatmulSpec"]


@dataclass(frozen=True, kw_only=True)
class MatmulSpec(MatmulGeometry, KernelSpec):
    """Linear layers ``y = saturate(round_shift((w . x + bias) * mult, shift))``, one at a time.

    The x of a layer is taken once and kept. For each tile of ``rows`` outputs an array of ``rows``
    x ``input_lanes`` x ``token_lanes`` multipliers holds a weight beat while the tokens' words of
    that step pass, or, with the inputs ``loop_order``, takes a tile's weight beats from a store
    once for each ``token_lanes`` tokens; group multipliers scale the partial sums of their columns.
    Then the tile drains through one requantizer while the next one computes. The layers
    (*contexts*) run one after the other, as commanded; the x of the next one may already come in::

        i_x_* -> operand store (two regions) -+
        i_tile_scales -> scales store -----+  v
        i_weight ------------------------> array -> accumulators -> requantizer -> o_*

    Shapes      with R = rows, K = input_lanes, L = lanes, P = scale_lanes, n = tokens to do:
                i_run: {context, tokens}, a beat a context invocation (see ``command``)
                i_tile_scales: P words of R bytes a beat; for each tile 8 words (bias, mult, shift,
                0, all little endian), then a word of multipliers a group, and one of its offsets
                if the format of weights has such
                i_weight: R x K codes a beat
                i_x_<context>: (n, inputs) in the order of ``arrival``; with codes of 9 to 15 bits a
                beat is taken in two cycles, a digit of 8 bits in each
                o_<context>: (n, outputs), L a beat, loops (outputs/R)(n)(R/L)
                i_tile_scales and i_weight are typed as the words of every context once, in order
    Formats     x: signed, 8 to 15 bits; weights: codes of their format; bias: 32 bits; mult:
                unsigned 16; shift: 0 to 63; group multipliers: unsigned 8; group offsets: 8; sums:
                ``accumulator_width`` bits, of two digits ``result_width``, cannot overflow
    Parameters  contexts; rows: outputs of a tile; input_lanes: columns a cycle; token_lanes: tokens
                a cycle (a power of two); lanes: outputs a cycle, divides rows; tokens: bound of n;
                weights: their format; scale_lanes: 1, 2, 4, 8 or 16; scale_multiple: words that
                scales are padded to; chain: columns whose products are added one after the other;
                paired: two rows share multipliers of 27 x 8 bits (see ``MatmulRow``);
                levels: adder levels between two registers: 1, or 2 where the carry chains are fast;
                fabric_lanes: the last token lanes, that multiply in LUTs, as do the last
                fabric_columns of every row in the other lanes: for devices short of multipliers;
                loop_order: the loop inside that over tiles that turns fastest;
                row_dies: numbers of the dies on which rows are, in groups of as many, and
                row_slices: registers each way between the sequencers and all of them (cycles); none
                if all are on one die
    Timing      with G words for groups, H = (8 + G) / P, V = token_lanes, W = inputs / K,
                C = ceil(n / V) * W, D = n * R / L, for one context unstalled: latency = max(H, x) +
                C - ceil(n / V) + fill + 10 + 2 * row_slices (two digits: n is two rows a token, and
                there are two cycles more), where x = n * inputs / arrival lanes, or 1 beat if
                columns come in order and n = 1 or W = 1; interval = outputs / R * C if C is the
                longest and tiles outlast the pipeline; the drain follows the last step of a tile
                token by token and limits it if D > C, the scales if H > C; ``timing`` follows the
                tiles, exactly
    Buffers     x of two contexts, 4 tiles of sums, scales of 4 tiles, one weight beat held and one
                on its way, results in the credit bracket's queue; with output stationary the
                weights of two tiles
    Error       none: all is exact up to the one rounding
    Stalls      lossless; output independent of stalls; no combinational path from i.valid to
                o.valid or from o.ready to i.ready
    Raises      ValueError: if a size does not divide, a name repeats, not all have groups, sums of
                a chain of paired rows do not fit, or an arrival is no order of x
    Source      Jouppi et al. 2017 (weights held while rows of x pass)
    """

    def commands(self, symbol_values: SymbolValues) -> NDArray[np.int64]:
        """Beats of ``i_run`` that run every context once, in order."""
        shift = self.command["context"].width
        counts = [self.tokens_of(c, symbol_values) for c in self.contexts]
        return np.array([index | n << shift for index, n in enumerate(counts)], dtype=np.int64)

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """``i_tile_scales`` is (words, rows), ``i_weight`` (beats, rows * input_lanes), packed."""
        results = {}
        word = beat = 0
        for c in self.contexts:
            tiles, n = c.outputs // self.rows, self.tokens_of(c, symbol_values)
            words = inputs["i_tile_scales"][word : word + self.tile_scale_words(c)]
            beats = inputs["i_weight"][beat : beat + self.weight_beats(c)]
            word, beat = word + self.tile_scale_words(c), beat + self.weight_beats(c)
            count = AFFINE_WORDS + self.group_words(c)
            bias, mult, shift, groups, offsets = unpack_tile_scales(
                words.reshape(tiles, -1, self.rows)[:, :count],
                has_offsets=self.weights.has_offsets,
            )
            weight = unpack_weight(
                beats.reshape(tiles, -1, self.rows * self.input_lanes),
                rows=self.rows,
                inputs=self.input_lanes,
            )
            weight = self.weights.decode(weight)
            x = inputs[f"i_x_{c.name}"][:n]
            y = np.zeros((c.tokens, c.outputs), dtype=np.int64)
            y[:n] = linear_golden(
                x, weight, groups, bias, mult, shift & 63, c.out, c.scale_group, offsets
            )
            results[f"o_{c.name}"] = y
        return results

    def timing(self, symbol_values: SymbolValues) -> Timing:
        """Exact for commands of all contexts in order, offered as early as they are accepted."""
        return engine_timing(self, symbol_values, SLOTS)

    def behaviour(self) -> Behaviour:
        return engine_behaviour(self)

    def resources(self) -> Resources:
        return engine_resources(self, SLOTS)

    def pieces(self) -> tuple[Piece, ...]:
        return engine_pieces(self, SLOTS)

    def core(self) -> Resources:
        return core_resources(self, SLOTS) if self.pieces() else self.resources()

    def spread(self, dies: Mapping[str, int], slices: int) -> "MatmulSpec":
        numbers = tuple(dies[piece.name] for piece in self.pieces())
        return replace(self, row_dies=numbers, row_slices=slices)

    def create(self) -> wiring.Component:
        return MatmulKernel(self)
