# SPDX-License-Identifier: Apache-2.0
"""Sizes of softmax: its formats, tables, registers and ports."""

from dataclasses import dataclass, field

from amaranth.hdl import Shape
from amaranth.utils import ceil_log2

from ...numerics.fixed import Fixed
from ...numerics.tables import Table, exponential, reciprocal
from ...stream.spec import KernelGeometry, Port, Role
from .stream_types import (
    check_heads,
    check_positions,
    hidden_symbol,
    length_symbol,
    length_type,
    score_type,
)

__all__ = ["LOG2E", "RECORD", "RESULT", "ROWS", "SCALE", "SoftmaxGeometry", "more_stages"]

LOG2E = round(1.4426950408889634 * 2**24)
ROWS = 32
"""Rows between their last element and their last result: enough for rows of one element."""
SCALE = 7
"""Registers from an element to its mantissa: element, product, power, and 4 of the table."""
RECORD = SCALE + 9
"""Registers from a row's last element to its reciprocal, with one element a cycle."""
RESULT = 5
"""Registers of the second pass: memory, mantissa, product, shift, rounding."""


def more_stages(positions: int) -> int:
    """Registers that the sum of several elements a cycle takes besides those of one: the largest
    power up to each, that before each, and those of the elements' own sum."""
    return 0 if positions == 1 else 2 + positions - 1


@dataclass(frozen=True, kw_only=True)
class SoftmaxGeometry(KernelGeometry):
    """Sizes of ``SoftmaxSpec``, which says what they mean."""

    tokens: int
    heads: int
    context: int
    source: Fixed = Fixed(18, 10)
    out: Fixed = Fixed(16, 16, signed=False)
    parallel_heads: int = 1
    positions: int = 1
    hidden: int = 0
    power_table: Table = field(init=False, repr=False, compare=False)
    reciprocal_table: Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.out.signed or not 1 <= self.out.frac <= 17:
            raise ValueError(f"out must be unsigned with 1 to 17 fraction bits, not {self.out}")
        check_heads(heads=self.heads, shared=1, parallel_heads=self.parallel_heads)
        check_positions(positions=self.positions, context=self.context, head_dim=1, lanes=1)
        if self.hidden < 0:
            raise ValueError(f"hidden must be at least 0, not {self.hidden}")
        bits = self.frac
        powers = exponential(
            source=Fixed(bits, bits, signed=False),
            out=Fixed(bits + 1, bits, signed=False),
            address=min(9, bits - 1),
            base=0.5,
        )
        inverse = reciprocal(
            fraction=bits, out=Fixed(bits + 2, bits + 1, signed=False), address=min(9, bits - 1)
        )
        object.__setattr__(self, "power_table", powers)
        object.__setattr__(self, "reciprocal_table", inverse)

    @property
    def frac(self) -> int:
        """Fraction bits of the powers and mantissas."""
        return self.out.frac + 3

    @property
    def power_shape(self) -> Shape:
        """Shape of the whole part of a power."""
        return Shape(max(self.source.width - self.source.frac, 1) + 2, signed=True)

    @property
    def sum_frac(self) -> int:
        """Fraction bits of the sum."""
        return self.out.frac + 4 + int(ceil_log2(self.context))

    @property
    def sum_width(self) -> int:
        """Bits of the sum of up to ``context`` mantissas below 2."""
        return self.sum_frac + 1 + int(ceil_log2(self.context))

    @property
    def record(self) -> int:
        """Registers from a row's last element to its reciprocal."""
        return RECORD + more_stages(self.positions)

    @property
    def ring_depth(self) -> int:
        """Beats of the ring: a row and what is accepted before its first result leaves."""
        waiting = 2 * SCALE + 18 + more_stages(self.positions)
        return 1 << int(ceil_log2(self.context // self.positions + waiting))

    @property
    def ports(self) -> tuple[Port, ...]:
        rows = {
            "tokens": self.tokens,
            "heads": self.heads,
            "context": self.context,
            "parallel_heads": self.parallel_heads,
        }
        side = {"positions": self.positions}
        return (
            Port("i_length", length_type(**rows), Role.SYMBOL, length_symbol(self.context)),
            *((self._hidden_port(),) if self.hidden else ()),
            Port("i", score_type(self.source, **rows, **side)),
            Port("o", score_type(self.out, **rows, **side)),
        )

    def _hidden_port(self) -> Port:
        """How many of the first elements of a row are hidden: as the lengths, but up to
        ``hidden``."""
        symbol = hidden_symbol(self.hidden)
        rows = {"tokens": self.tokens, "heads": self.heads, "context": self.hidden}
        return Port(
            symbol.port,
            length_type(**rows, parallel_heads=self.parallel_heads),
            Role.SYMBOL,
            symbol,
        )
