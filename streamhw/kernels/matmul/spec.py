# SPDX-License-Identifier: Apache-2.0
"""Matrix product engine: quantized linear layers that share one array of multipliers in time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lcm, prod

import numpy as np
from amaranth.lib import data, wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import ITensor, Loop, Symbol, SymbolValues, row_major
from ...stream.spec import KernelSpec, Piece, Port, Resources, Tensors, Timing, raw
from .activation_buffer import ActivationLayout
from .cost import core_resources, engine_pieces, engine_resources
from .engine import SLOTS, MatmulKernel
from .multiplier import SPACING
from .packing import AFFINE_WORDS, linear_golden, unpack_header, unpack_weight
from .timing import engine_timing
from .weight_buffer import LoopOrder

__all__ = ["MatmulContext", "MatmulSpec"]


@dataclass(frozen=True, kw_only=True)
class MatmulContext:
    """One linear layer of the engine.

    name: suffix of its ports; inputs, outputs: its matrix; tokens: most rows of x an activation
    (1: always one); group: input columns that share a group multiplier, ``None``: no group
    multipliers; out: format of its results; arrival: the order of x, each element once, in beats
    of columns that divide a word of the operand store.
    """

    name: str
    inputs: int
    outputs: int
    tokens: int
    scale_group: int | None
    out: Fixed
    arrival: ITensor

    @property
    def follows(self) -> bool:
        """Whether a single token's columns come in order, so that work begins with the first."""
        plain = row_major(self.arrival.fmt, (1, self.inputs), self.arrival.lanes)
        one = tuple(
            replace(loop, trip=1) if isinstance(loop.trip, Symbol) else loop
            for loop in self.arrival.loops
        )
        return replace(self.arrival, loops=one).is_same_stream(plain)

    @property
    def groups(self) -> int:
        """Group multipliers of an output; 0 without."""
        return self.inputs // self.scale_group if self.scale_group else 0

    def trip(self) -> int | Symbol:
        """Trip count of the loop over tokens."""
        return Symbol("tokens", self.tokens) if self.tokens > 1 else 1


@dataclass(frozen=True, kw_only=True)
class MatmulSpec(KernelSpec):
    """Linear layers ``y = saturate(round_shift((w . x + bias) * mult, shift))``, one at a time.

    The x of a layer is taken once and kept. For each tile of ``rows`` outputs an array of ``rows``
    x ``input_lanes`` x ``token_lanes`` multipliers holds a weight beat while the tokens' words of
    that step pass, or, with the inputs ``loop_order``, takes a tile's weight beats from a store
    once for each ``token_lanes`` tokens; group multipliers scale the partial sums of their columns.
    Then the tile drains through one requantizer while the next one computes. The layers
    (*contexts*) run one after the other, as commanded; the x of the next one may already come in::

        i_x_* -> operand store (two regions) -+
        i_header -> header store ----------+  v
        i_weight ------------------------> array -> accumulators -> requantizer -> o_*

    Shapes      with R = rows, K = input_lanes, L = lanes, P = header_lanes, n = tokens to do:
                i_run: {context, tokens}, a beat a context activation (see ``command``)
                i_header: P words of R bytes a beat; for each tile 8 words (bias, mult, shift, 0,
                all little endian), then a word of multipliers a group
                i_weight: R x K codes a beat
                i_x_<context>: (n, inputs) in the order of ``arrival``
                o_<context>: (n, outputs), L a beat, loops (outputs/R)(n)(R/L)
                i_header and i_weight are typed as the words of every context once, in order
    Formats     x: int8; weights: int4 or int8; bias: 32 bits; mult: unsigned 16; shift: 0 to 63;
                group multipliers: unsigned 8; sums: ``accumulator_width`` bits, cannot overflow
    Parameters  contexts; rows: outputs of a tile; input_lanes: columns a cycle; token_lanes: tokens
                a cycle (a power of two); lanes: outputs a cycle, divides rows; tokens: bound of n;
                weight_bits: 4 or 8; header_lanes: 1, 2, 4, 8 or 16; header_multiple: words that
                headers are padded to; chain: columns whose products are added one after the other;
                paired: two rows share multipliers of 27 x 8 bits (see ``MatmulRow``);
                levels: adder levels between two registers: 1, or 2 where the carry chains are fast;
                fabric_lanes: the last token lanes, that multiply in LUTs, as do the last
                fabric_columns of every row in the other lanes: for devices short of multipliers;
                loop_order: the loop inside that over tiles that turns fastest;
                row_dies: numbers of the dies on which rows are, in groups of as many, and
                row_slices: registers each way between the sequencers and all of them (cycles); none
                if all are on one die
    Timing      with H = (8 + groups) / P, V = token_lanes, W = inputs / K, C = ceil(n / V) * W,
                D = n * R / L, for one context unstalled: latency = max(H, x) + C - ceil(n / V) +
                fill + 10 + 2 * row_slices, where x = n * inputs / arrival lanes, or 1 beat if
                columns come in order and n = 1 or W = 1; interval = outputs / R * C if C is the
                longest and tiles outlast the pipeline; the drain follows the last step of a tile
                token by token and limits it if D > C, the header if H > C; ``timing`` follows the
                tiles, exactly
    Buffers     x of two contexts, 4 tiles of sums, 4 headers, a weight beat held and one on its
                way, results in the credit bracket's queue; with output stationary two tiles'
                weights
    Error       none: all is exact up to the one rounding
    Stalls      lossless; output independent of stalls; no combinational path from i.valid to
                o.valid or from o.ready to i.ready
    Raises      ValueError: if a size does not divide, a name repeats, not all have groups, sums of
                a chain of paired rows do not fit, or an arrival is no order of x
    Source      Jouppi et al. 2017 (weights held while rows of x pass)
    """

    contexts: tuple[MatmulContext, ...]
    rows: int
    input_lanes: int
    lanes: int
    tokens: int
    weight_bits: int
    token_lanes: int = 1
    header_lanes: int = 1
    header_multiple: int = 1
    chain: int = 1
    paired: bool = False
    levels: int = 1
    fabric_lanes: int = 0
    fabric_columns: int = 0
    loop_order: LoopOrder = LoopOrder.WEIGHT_STATIONARY
    row_dies: tuple[int, ...] = ()
    row_slices: int = 0

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
        self._check_array()
        self._check_dies()
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
            if (c.scale_group is None) != (self.contexts[0].scale_group is None):
                raise ValueError(f"group must be given for all contexts or none, not for {c.name}")
            if c.scale_group is not None and (
                c.scale_group < 1 or c.scale_group % self.input_lanes or c.inputs % c.scale_group
            ):
                raise ValueError(
                    f"group of {c.name} must be a multiple of {self.input_lanes} that divides "
                    f"{c.inputs}, not {c.scale_group}"
                )

            self._check_arrival(c)

    def _check_array(self) -> None:
        """Raises ``ValueError`` for sizes that the array cannot have."""
        if self.header_lanes not in (1, 2, 4, 8, 16):
            raise ValueError(
                f"Matmul header_lanes must be 1, 2, 4, 8 or 16, not {self.header_lanes}"
            )
        if self.token_lanes < 1 or self.token_lanes & (self.token_lanes - 1):
            raise ValueError(f"Matmul token_lanes must be a power of two, not {self.token_lanes}")
        if self.levels < 1:
            raise ValueError(f"Matmul levels must be at least 1, not {self.levels}")
        if not 0 <= self.fabric_lanes <= self.token_lanes:
            raise ValueError(
                f"Matmul fabric_lanes must be 0 to {self.token_lanes}, not {self.fabric_lanes}"
            )
        if not 0 <= self.fabric_columns < self.input_lanes:
            raise ValueError(
                f"Matmul fabric_columns must be 0 to {self.input_lanes - 1}, not "
                f"{self.fabric_columns}"
            )
        if self.chain < 1 or self.input_lanes % self.chain:
            raise ValueError(
                f"Matmul chain must divide input_lanes {self.input_lanes}, not {self.chain}"
            )
        if self.paired and self.rows % 2:
            raise ValueError(f"Matmul rows must be even if they are paired, not {self.rows}")
        largest = self.chain << (7 + self.weight_bits - 1)
        if self.paired and largest >= 1 << (SPACING - 1):
            raise ValueError(
                f"Matmul chain must keep sums of paired rows below {1 << (SPACING - 1)}, not "
                f"{self.chain} with {self.weight_bits}-bit weights: {largest}"
            )

    def _check_dies(self) -> None:
        """Raises ``ValueError`` for groups of rows that the array cannot have."""
        groups, modules = len(self.row_dies), self.rows // (2 if self.paired else 1)
        if groups and modules % groups:
            raise ValueError(f"row_dies must be of groups that divide {modules}, not {groups}")
        if self.row_slices < 0 or (self.row_slices > 0) != (groups > 0):
            raise ValueError(
                f"row_slices must be given with row_dies, not {self.row_slices} with {groups}"
            )

    def _check_arrival(self, c: MatmulContext) -> None:
        """Raises ``ValueError`` if an arrival does not bring each element of x once."""
        type = c.arrival
        beats = prod(loop.bound for loop in type.loops) * type.lanes
        if (
            type.fmt != Fixed(8)
            or type.tensor_shape() != (c.tokens, c.inputs)
            or type.tile[0] != 1
            or beats != c.tokens * c.inputs
            or self.input_lanes % type.lanes
            or any(
                loop.dim == 1 and (self.input_lanes % loop.step and loop.step % self.input_lanes)
                for loop in type.loops
            )
        ):
            raise ValueError(
                f"arrival of {c.name} must bring {c.tokens} x {c.inputs} bytes once, in beats of "
                f"columns that divide {self.input_lanes}, not as {type}"
            )

    @property
    def is_grouped(self) -> bool:
        """Whether weights have group multipliers."""
        return self.contexts[0].scale_group is not None

    @property
    def accumulator_width(self) -> int:
        """Bits of the largest sum, all codes at their extremes."""
        largest = max(c.inputs for c in self.contexts) << (7 + self.weight_bits - 1)
        return (largest * (255 if self.is_grouped else 1)).bit_length() + 1

    @property
    def layout(self) -> ActivationLayout:
        """Where x lies."""
        return ActivationLayout(
            tokens=self.tokens,
            inputs=self.input_lanes,
            words=max(c.inputs for c in self.contexts) // self.input_lanes,
            lanes=self.token_lanes,
            piece=min(c.arrival.lanes for c in self.contexts),
        )

    def flows(self, context: MatmulContext) -> bool:
        """Whether a row is one word and rows come in order, so that work begins with the first."""
        return context.inputs == self.input_lanes and self._by_rows(context)

    def wants_in_order(self, context: MatmulContext) -> bool:
        """Whether the first tile wants the words of x in the order in which they come, so that work
        begins with the first."""
        return (
            self.loop_order is LoopOrder.OUTPUT_STATIONARY
            and self.token_lanes == 1
            and self._by_rows(context)
        )

    def _by_rows(self, context: MatmulContext) -> bool:
        plain = row_major(
            context.arrival.fmt, (context.trip(), context.inputs), context.arrival.lanes
        )
        return context.arrival.is_same_stream(plain)

    @staticmethod
    def tokens_of(context: MatmulContext, symbol_values: SymbolValues) -> int:
        """Rows of x of a context."""
        value = symbol_values.get("tokens", context.tokens) if context.tokens > 1 else 1
        assert isinstance(value, int)
        return value

    @property
    def command(self) -> data.StructLayout:
        """Layout of a command on ``i_run``."""
        return data.StructLayout(
            {"context": range(max(2, len(self.contexts))), "tokens": range(self.tokens + 1)}
        )

    def tile_words(self, context: MatmulContext) -> int:
        """Header words of a tile with its padding."""
        multiple = lcm(self.header_lanes, self.header_multiple)
        return -(-(AFFINE_WORDS + context.groups) // multiple) * multiple

    def header_words(self, context: MatmulContext) -> int:
        """Header words of all tiles of a context."""
        return context.outputs // self.rows * self.tile_words(context)

    def weight_beats(self, context: MatmulContext) -> int:
        """Weight beats of a context."""
        return context.outputs // self.rows * (context.inputs // self.input_lanes)

    @property
    def ports(self) -> tuple[Port, ...]:
        R, K, P = self.rows, self.input_lanes, self.header_lanes
        headers = sum(self.header_words(c) for c in self.contexts)
        beats = sum(self.weight_beats(c) for c in self.contexts)
        ports = [
            Port("i_run", raw(self.command.size)),
            Port("i_header", ITensor(Fixed(8, signed=False), (P, R), (Loop(headers // P, P, 0),))),
            Port("i_weight", ITensor(Fixed(self.weight_bits), (1, R * K), (Loop(beats, 1, 0),))),
        ]
        ports += [Port(f"i_x_{c.name}", c.arrival) for c in self.contexts]
        for c in self.contexts:
            y = Operand(fmt=c.out, access=(index(m=1), index(n=1)), vector=(1, self.lanes))
            ports.append(Port(f"o_{c.name}", self._nest(c).output(y)))
        return tuple(ports)

    def _nest(self, context: MatmulContext) -> KernelNest:
        """Outputs n, inputs k, tokens m: R x K multipliers hold a weight while all tokens pass, or
        one token's sums end before the next one's begin."""
        nest = KernelNest(
            (
                KernelLoop("n", context.outputs, self.rows),
                KernelLoop("k", context.inputs, self.input_lanes),
                KernelLoop("m", context.trip()),
            ),
            accumulators=self.rows * self.tokens,
        )
        return (
            nest.permuted(("n", "m", "k"))
            if self.loop_order is LoopOrder.OUTPUT_STATIONARY
            else nest
        )

    def commands(self, symbol_values: SymbolValues) -> NDArray[np.int64]:
        """Beats of ``i_run`` that run every context once, in order."""
        shift = self.command["context"].width
        counts = [self.tokens_of(c, symbol_values) for c in self.contexts]
        return np.array([index | n << shift for index, n in enumerate(counts)], dtype=np.int64)

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """``i_header`` is (words, rows) and ``i_weight`` (beats, rows * input_lanes), as packed."""
        results = {}
        word = beat = 0
        for c in self.contexts:
            tiles, n = c.outputs // self.rows, self.tokens_of(c, symbol_values)
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
            y[:n] = linear_golden(x, weight, groups, bias, mult, shift & 63, c.out, c.scale_group)
            results[f"o_{c.name}"] = y
        return results

    def timing(self, symbol_values: SymbolValues) -> Timing:
        """Exact for commands of all contexts in order, offered as early as they are accepted."""
        return engine_timing(self, symbol_values, SLOTS)

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
