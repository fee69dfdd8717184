# SPDX-License-Identifier: Apache-2.0
"""Matrix product engine: quantised linear layers that share one array of multipliers in time."""

from dataclasses import dataclass

import numpy as np
from amaranth.lib import data, wiring
from numpy.typing import NDArray

from ..numerics.fixed import Fixed
from ..stream.credit import credit_latency
from ..stream.infer import KernelLoop, KernelNest, Operand, index
from ..stream.itensor import Bindings, ITensor, Loop, Symbol
from .base import KernelSpec, Port, Resources, Tensors, Timing, raw
from .matmul_array import array_latency
from .matmul_cost import engine_resources
from .matmul_drain import DRAIN_LATENCY
from .matmul_engine import SLOTS, MatmulKernel
from .matmul_pack import AFFINE_WORDS, linear_golden, unpack_header, unpack_weight

__all__ = ["Matmul", "MatmulContext"]


@dataclass(frozen=True, kw_only=True)
class MatmulContext:
    """One linear layer of the engine.

    name: suffix of its ports; inputs, outputs: its matrix; tokens: most rows of x an activation
    (1: always one); group: input columns that share a group multiplier, ``None``: no group
    multipliers; out: format of its results.
    """

    name: str
    inputs: int
    outputs: int
    tokens: int
    group: int | None
    out: Fixed

    @property
    def groups(self) -> int:
        """Group multipliers of an output; 0 without."""
        return self.inputs // self.group if self.group else 0

    def trip(self) -> int | Symbol:
        """Trip count of the loop over tokens."""
        return Symbol("tokens", self.tokens) if self.tokens > 1 else 1


@dataclass(frozen=True, kw_only=True)
class Matmul(KernelSpec):
    """Linear layers ``y = saturate(round_shift((w . x + bias) * mult, shift))``, one at a time.

    An array of ``rows`` x ``input_lanes`` multipliers holds a weight beat while ``tokens`` x beats
    pass, step by step along the inputs; group multipliers scale the partial sums of their columns.
    Then the tile of ``rows`` outputs drains through one requantiser while the next one computes.
    The layers (*contexts*) run one after the other, as commanded::

        i_run -> header load -> array (x meets weights) -> accumulators -> requantiser -> o_*
        i_header ----^          i_weight, i_x_*

    Shapes      with R = rows, K = input_lanes, L = lanes, and n = the command's ``tokens``:
                i_run: {context, tokens}, a beat a context activation (see ``command``)
                i_header: R bytes a beat; for each tile 8 words (bias, mult, shift, 0, all little
                endian), then a word of multipliers a group; i_weight: R x K codes a beat
                i_x_<context>: (n, inputs), K a beat, loops (outputs/R again)(inputs/K)(n)
                o_<context>: (n, outputs), L a beat, loops (outputs/R)(n)(R/L)
                i_header and i_weight are typed as the words of every context once, in order
    Formats     x: int8; weights: int4 or int8; bias: 32 bits; mult: unsigned 16; shift: 0 to 63;
                group multipliers: unsigned 8; sums: ``accumulator_width`` bits, cannot overflow
    Parameters  contexts; rows: outputs of a tile; input_lanes: columns a cycle; lanes: outputs a
                cycle, divides rows; tokens: bound of n; weight_bits: 4 or 8
    Timing      with H = 8 + groups, C = n * inputs / K, D = n * R / L, for one context unstalled:
                latency = H + 1 + C + array + 11 with array = 2 + log2(K) (+ 1 with groups);
                interval = outputs / R * C if C is the longest and tiles outlast the pipeline; the
                drain limits it if D > C, the header if H > C; ``timing`` follows the tiles, exactly
    Buffers     4 tiles of sums, 4 headers, a weight beat, results in the credit bracket's queue
    Error       none: all is exact up to the one rounding
    Stalls      lossless; output independent of stalls; no combinational path from i.valid to
                o.valid or from o.ready to i.ready; the ready of i_x waits for i_weight's valid
    Raises      ValueError: if a size does not divide, a name repeats, or not all have groups
    Source      Jouppi et al. 2017 (weights held while rows of x pass)
    """

    contexts: tuple[MatmulContext, ...]
    rows: int
    input_lanes: int
    lanes: int
    tokens: int
    weight_bits: int
    header_multiple: int = 1

    def __post_init__(self) -> None:
        if not self.contexts:
            raise ValueError("Matmul contexts must be at least 1, not 0")
        names = [c.name for c in self.contexts]
        if len(set(names)) != len(names):
            raise ValueError(f"Matmul contexts must have different names, not {names}")
        if self.weight_bits not in (4, 8):
            raise ValueError(f"Matmul weight_bits must be 4 or 8, not {self.weight_bits}")
        if min(self.rows, self.input_lanes, self.lanes, self.tokens) < 1:
            raise ValueError(
                f"Matmul rows, input_lanes, lanes and tokens must be at least 1, not {self.rows}, "
                f"{self.input_lanes}, {self.lanes} and {self.tokens}"
            )
        if self.rows % self.lanes:
            raise ValueError(f"Matmul lanes must divide rows {self.rows}, not {self.lanes}")
        for c in self.contexts:
            if c.inputs < 1 or c.inputs % self.input_lanes:
                raise ValueError(
                    f"inputs of {c.name} must be a multiple of {self.input_lanes}, not {c.inputs}"
                )
            if c.outputs < 1 or c.outputs % self.rows:
                raise ValueError(
                    f"outputs of {c.name} must be a multiple of {self.rows}, not {c.outputs}"
                )
            if not 1 <= c.tokens <= self.tokens:
                raise ValueError(f"tokens of {c.name} must be 1 to {self.tokens}, not {c.tokens}")
            if c.out.width > 32:
                raise ValueError(f"out of {c.name} must have at most 32 bits, not {c.out.width}")
            if (c.group is None) != (self.contexts[0].group is None):
                raise ValueError(f"group must be given for all contexts or none, not for {c.name}")
            if c.group is not None and (
                c.group < 1 or c.group % self.input_lanes or c.inputs % c.group
            ):
                raise ValueError(
                    f"group of {c.name} must be a multiple of {self.input_lanes} that divides "
                    f"{c.inputs}, not {c.group}"
                )

    @property
    def is_grouped(self) -> bool:
        """Whether weights have group multipliers."""
        return self.contexts[0].group is not None

    @property
    def token_places(self) -> int:
        """Accumulators of a row and tile: tokens, up to a power of two."""
        return 1 << (self.tokens - 1).bit_length()

    @property
    def accumulator_width(self) -> int:
        """Bits of the largest sum, all codes at their extremes."""
        largest = max(c.inputs for c in self.contexts) << (7 + self.weight_bits - 1)
        return (largest * (255 if self.is_grouped else 1)).bit_length() + 1

    @property
    def command(self) -> data.StructLayout:
        """Layout of a command on ``i_run``."""
        return data.StructLayout(
            {"context": range(max(2, len(self.contexts))), "tokens": range(self.tokens + 1)}
        )

    def tile_words(self, context: MatmulContext) -> int:
        """Header words of a tile with its padding."""
        words = AFFINE_WORDS + context.groups
        return -(-words // self.header_multiple) * self.header_multiple

    def header_words(self, context: MatmulContext) -> int:
        """Header words of all tiles of a context."""
        return context.outputs // self.rows * self.tile_words(context)

    def weight_beats(self, context: MatmulContext) -> int:
        """Weight beats of a context."""
        return context.outputs // self.rows * (context.inputs // self.input_lanes)

    @property
    def ports(self) -> tuple[Port, ...]:
        R, K = self.rows, self.input_lanes
        headers = sum(self.header_words(c) for c in self.contexts)
        beats = sum(self.weight_beats(c) for c in self.contexts)
        ports = [
            Port("i_run", raw(self.command.size)),
            Port("i_header", ITensor(Fixed(8, signed=False), (1, R), (Loop(headers, 1, 0),))),
            Port("i_weight", ITensor(Fixed(self.weight_bits), (1, R * K), (Loop(beats, 1, 0),))),
        ]
        x = Operand(fmt=Fixed(8), access=(index(m=1), index(k=1)))
        ports += [Port(f"i_x_{c.name}", self._nest(c).input(x)) for c in self.contexts]
        for c in self.contexts:
            y = Operand(fmt=c.out, access=(index(m=1), index(n=1)), vector=(1, self.lanes))
            ports.append(Port(f"o_{c.name}", self._nest(c).output(y)))
        return tuple(ports)

    def _nest(self, context: MatmulContext) -> KernelNest:
        """Outputs n, inputs k, tokens m: R x K multipliers hold a weight while all tokens pass."""
        return KernelNest(
            (
                KernelLoop("n", context.outputs, self.rows),
                KernelLoop("k", context.inputs, self.input_lanes),
                KernelLoop("m", context.trip()),
            ),
            accumulators=self.rows * self.token_places,
        )

    def commands(self, bindings: Bindings) -> NDArray[np.int64]:
        """Beats of ``i_run`` that run every context once, in order."""
        shift = self.command["context"].width
        counts = [self._tokens(c, bindings) for c in self.contexts]
        return np.array([index | n << shift for index, n in enumerate(counts)], dtype=np.int64)

    def compute(self, inputs: Tensors, bindings: Bindings) -> dict[str, NDArray[np.int64]]:
        """``i_header`` is (words, rows) and ``i_weight`` (beats, rows * input_lanes), as packed."""
        results = {}
        word = beat = 0
        for c in self.contexts:
            tiles, n = c.outputs // self.rows, self._tokens(c, bindings)
            words = inputs["i_header"][word : word + self.header_words(c)]
            beats = inputs["i_weight"][beat : beat + self.weight_beats(c)]
            word, beat = word + self.header_words(c), beat + self.weight_beats(c)
            used = words.reshape(tiles, -1, self.rows)[:, : AFFINE_WORDS + c.groups]
            bias, mult, shift, groups = unpack_header(used)
            weight = unpack_weight(
                beats.reshape(tiles, -1, self.rows * self.input_lanes),
                rows=self.rows,
                inputs=self.input_lanes,
            )
            x = inputs[f"i_x_{c.name}"][:n]
            y = np.zeros((c.tokens, c.outputs), dtype=np.int64)
            y[:n] = linear_golden(x, weight, groups, bias, mult, shift & 63, c.out, c.group)
            results[f"o_{c.name}"] = y
        return results

    def timing(self, bindings: Bindings) -> Timing:
        """Exact for commands of all contexts in order, offered as early as they are accepted."""
        runs = 2 + 2 * SLOTS
        array = array_latency(self.input_lanes, self.is_grouped) - 1
        output = credit_latency(DRAIN_LATENCY)
        header = loader = issued = drained = freed = 0
        ends: list[int] = []  # of the drain of each tile
        firsts: list[int] = []  # drain start of each activation
        single_drain = 0
        for run in range(runs):
            for position, c in enumerate(self.contexts):
                n = self._tokens(c, bindings)
                accepted = max(loader, freed)
                freed = max(accepted + 2, issued)  # the command waits for the previous one's end
                header = accepted + 1
                for tile in range(c.outputs // self.rows):
                    if len(ends) >= SLOTS:
                        header = max(header, ends[-SLOTS])
                    header += self.tile_words(c)
                    issued = max(issued, header) + n * (c.inputs // self.input_lanes)
                    begin = max(drained, issued + array)
                    drained = begin + n * (self.rows // self.lanes)
                    ends.append(drained)
                    if tile == position == 0:
                        firsts.append(begin)
                loader = header
            if run == 0:
                single_drain = drained - issued + output
        return Timing(
            latency=firsts[0] + output, interval=firsts[-1] - firsts[-2], drain=single_drain
        )

    def resources(self) -> Resources:
        return engine_resources(self, SLOTS)

    def create(self) -> wiring.Component:
        return MatmulKernel(self)

    @staticmethod
    def _tokens(context: MatmulContext, bindings: Bindings) -> int:
        return int(bindings.get("tokens", context.tokens)) if context.tokens > 1 else 1
