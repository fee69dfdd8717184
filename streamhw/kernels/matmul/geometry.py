# SPDX-License-Identifier: Apache-2.0
"""Sizes of the matrix product engine: its array, tiles, words and ports."""

from dataclasses import dataclass
from math import lcm, prod

from amaranth.lib import data

from ...numerics.element_format import OFFSET_BITS, ElementFormat
from ...numerics.fixed import Fixed
from ...stream.control.step_layout import run_layout
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import ITensor, Loop, SymbolValues, row_major
from ...stream.loop_order import LoopOrder
from ...stream.spec import KernelGeometry, Port, Role, raw
from .activation_layout import ActivationLayout
from .context import MatmulContext
from .digits import DIGIT_BITS, MOST_OPERAND_BITS
from .multiplier import SPACING
from .packing import AFFINE_WORDS

__all__ = ["SLOTS", "MatmulGeometry"]

OPERANDS = tuple(Fixed(bits) for bits in range(DIGIT_BITS, MOST_OPERAND_BITS + 1))
"""Formats of x; scales are kept elsewhere."""
SLOTS = 4
"""Tiles under way between the first scale word and the last result read (a power of two).

Two would do for long tiles; four keep the array busy when a tile is as short as the pipeline.
"""


@dataclass(frozen=True, kw_only=True)
class MatmulGeometry(KernelGeometry):
    """Sizes of ``MatmulSpec``, which says what they mean."""

    contexts: tuple[MatmulContext, ...]
    rows: int
    input_lanes: int
    lanes: int
    tokens: int
    weights: ElementFormat
    token_lanes: int = 1
    scale_lanes: int = 1
    scale_multiple: int = 1
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
            if c.scale_group is None and self.weights.has_offsets:
                raise ValueError(f"group of {c.name} must be given with {self.weights}, not None")
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
        if self.scale_lanes not in (1, 2, 4, 8, 16):
            raise ValueError(f"Matmul scale_lanes must be 1, 2, 4, 8 or 16, not {self.scale_lanes}")
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
        largest = self.chain * self.weights.largest_product
        if self.paired and largest >= 1 << (SPACING - 1):
            raise ValueError(
                f"Matmul chain must keep sums of paired rows below {1 << (SPACING - 1)}, not "
                f"{self.chain} with {self.weights} weights: {largest}"
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
            type.fmt not in OPERANDS
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
                f"arrival of {c.name} must bring {c.tokens} x {c.inputs} codes of 8 to "
                f"{MOST_OPERAND_BITS} bits once, in beats of columns that divide "
                f"{self.input_lanes}, not as {type}"
            )

    @property
    def is_grouped(self) -> bool:
        """Whether weights have group multipliers."""
        return self.contexts[0].scale_group is not None

    @property
    def accumulator_width(self) -> int:
        """Bits of the largest sum, all codes and offsets at their extremes."""
        largest = self.weights.largest_product * (255 if self.is_grouped else 1)
        if self.weights.has_offsets:
            largest += 128 * 128 << OFFSET_BITS
        return (max(c.inputs for c in self.contexts) * largest).bit_length() + 1

    @property
    def has_digits(self) -> bool:
        """Whether the operands of some context have two digits."""
        return any(c.digits > 1 for c in self.contexts)

    @property
    def result_width(self) -> int:
        """Bits of the largest sum of all digits."""
        return self.accumulator_width + (MOST_OPERAND_BITS - DIGIT_BITS if self.has_digits else 0)

    @property
    def rows_of_x(self) -> int:
        """Most rows of digits of an invocation."""
        return max(self.tokens, *(c.tokens * c.digits for c in self.contexts))

    @property
    def layout(self) -> ActivationLayout:
        """Where x lies."""
        return ActivationLayout(
            tokens=self.rows_of_x,
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
            and context.digits == 1
            and self._by_rows(context)
        )

    def _by_rows(self, context: MatmulContext) -> bool:
        plain = row_major(
            context.arrival.fmt, (context.trip(), context.inputs), context.arrival.lanes
        )
        return context.arrival.is_same_stream(plain)

    @staticmethod
    def tokens_of(context: MatmulContext, symbol_values: SymbolValues) -> int:
        """Tokens of a context."""
        value = symbol_values.get("tokens", context.tokens) if context.tokens > 1 else 1
        assert isinstance(value, int)
        return value

    @classmethod
    def x_rows_of(cls, context: MatmulContext, symbol_values: SymbolValues) -> int:
        """Rows of x of a context: of digits of its tokens."""
        return context.digits * cls.tokens_of(context, symbol_values)

    @property
    def command(self) -> data.StructLayout:
        """Layout of a command on ``i_run``."""
        return run_layout(contexts=len(self.contexts), tokens=self.tokens)

    def group_words(self, context: MatmulContext) -> int:
        """Words of a tile's scales that belong to its groups."""
        return context.groups * (1 + self.weights.has_offsets)

    def tile_words(self, context: MatmulContext) -> int:
        """Words of a tile's scales with their padding."""
        multiple = lcm(self.scale_lanes, self.scale_multiple)
        return -(-(AFFINE_WORDS + self.group_words(context)) // multiple) * multiple

    def tile_scale_words(self, context: MatmulContext) -> int:
        """Words of the scales of all tiles of a context."""
        return context.outputs // self.rows * self.tile_words(context)

    def weight_beats(self, context: MatmulContext) -> int:
        """Weight beats of a context."""
        return context.outputs // self.rows * (context.inputs // self.input_lanes)

    @property
    def ports(self) -> tuple[Port, ...]:
        R, K, P = self.rows, self.input_lanes, self.scale_lanes
        words = sum(self.tile_scale_words(c) for c in self.contexts)
        beats = sum(self.weight_beats(c) for c in self.contexts)
        scales = ITensor(Fixed(8, signed=False), (P, R), (Loop(words // P, P, 0),))
        weight = ITensor(Fixed(self.weights.bits), (1, R * K), (Loop(beats, 1, 0),))
        ports = [
            Port("i_run", raw(self.command.size), Role.SCHEDULE),
            Port("i_tile_scales", scales, Role.PARAMETER),
            Port("i_weight", weight, Role.PARAMETER),
        ]
        ports += [Port(f"i_x_{c.name}", c.arrival, context=c.name) for c in self.contexts]
        for c in self.contexts:
            y = Operand(fmt=c.out, access=(index(m=1), index(n=1)), vector=(1, self.lanes))
            ports.append(Port(f"o_{c.name}", self._nest(c).output(y), context=c.name))
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
            accumulators=self.rows * self.rows_of_x,
        )
        return (
            nest.permuted(("n", "m", "k"))
            if self.loop_order is LoopOrder.OUTPUT_STATIONARY
            else nest
        )
