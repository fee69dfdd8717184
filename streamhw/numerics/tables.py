# SPDX-License-Identifier: Apache-2.0
"""Function tables, plain or piecewise linear, with an error that is measured over every input."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .fixed import Fixed
from .functions import ElementwiseFunction

__all__ = [
    "Table",
    "TailedTable",
    "activation",
    "exponential",
    "fit",
    "reciprocal",
    "reciprocal_root",
]

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]

WIDEST = 20
"""Input bits up to which the error is found by trying every code; wider tables are refused."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A function of one fixed-point number as integer arithmetic on a small memory.

    The input code, counted from the smallest one, is split into an address (high bits) and a rest
    ``r`` of ``rest`` bits. The result is ``(entries[address] + slopes[address] * r) >> shift``.
    Rounding is folded into the entries, and no result leaves ``output``: hardware needs a memory,
    a multiplier, an adder, and no saturation. A plain table has no slopes, no rest and no shift.

    Parameters
    ----------
    name: what the table is, for reports
    input, output: number formats
    entries, slopes: one integer an address; no slopes for a plain table
    shift: fraction bits of the entries below the output's LSB
    max_error: the largest distance to the exact function over all input codes, in output LSB
    """

    name: str
    input: Fixed
    output: Fixed
    entries: tuple[int, ...]
    slopes: tuple[int, ...] = ()
    shift: int = 0
    max_error: float

    def __post_init__(self) -> None:
        depth = len(self.entries)
        if depth & (depth - 1) or not 2 <= depth <= 1 << self.input.width:
            raise ValueError(
                f"Table entries must be a power of two up to 2^{self.input.width}, not {depth}"
            )
        if len(self.slopes) not in (0, depth):
            raise ValueError(f"Table slopes must be none or {depth}, not {len(self.slopes)}")
        if not self.slopes and self.rest:
            raise ValueError(
                f"A plain table must have {1 << self.input.width} entries, not {depth}"
            )

    @property
    def address(self) -> int:
        """Address bits of the memory."""
        return len(self.entries).bit_length() - 1

    @property
    def rest(self) -> int:
        """Input bits below the address."""
        return self.input.width - self.address

    @property
    def entry_format(self) -> Fixed:
        """The narrowest integer format that holds every entry."""
        return _narrowest(self.entries)

    @property
    def slope_format(self) -> Fixed:
        """The narrowest integer format that holds every slope."""
        return _narrowest(self.slopes or (0,))

    def evaluate(self, codes: Ints) -> Ints:
        """The output codes that the hardware gives, bit for bit."""
        offset = np.asarray(codes, dtype=np.int64) - self.input.minimum
        address = offset >> self.rest
        result = np.asarray(self.entries, dtype=np.int64)[address]
        if self.slopes:
            rest = offset & ((1 << self.rest) - 1)
            result = result + np.asarray(self.slopes, dtype=np.int64)[address] * rest
        return np.asarray(result >> self.shift, dtype=np.int64)


def fit(
    name: str,
    function: Callable[[Reals], Reals],
    *,
    source: Fixed,
    out: Fixed,
    address: int,
    guard: int = 3,
) -> Table:
    """Approximates ``function`` on every code of ``source`` by ``2**address`` straight lines.

    Each line has the slope of its chord, at half the way between the extremes of what the chord
    leaves: the best line of that slope. ``guard`` bits keep the rounded slope from costing more
    than ``2**-(guard + 1)`` LSB. Targets outside ``out`` are clipped to it, and that clipping
    counts as error. ``address = source.width`` gives a plain table.

    Raises ``ValueError`` if ``source`` has more than 20 bits or ``address`` more than ``source``.
    """
    if source.width > WIDEST:
        raise ValueError(f"Table input must have at most {WIDEST} bits, not {source.width}")
    if not 1 <= address <= source.width:
        raise ValueError(f"Table address must be 1 to {source.width} bits, not {address}")
    codes = np.arange(source.minimum, source.maximum + 1, dtype=np.int64)
    exact = function(source.decode(codes)) / out.step
    target = np.clip(exact, out.minimum, out.maximum).reshape(1 << address, -1)
    length = target.shape[1]
    if length == 1:
        slopes = np.zeros(1 << address, dtype=np.int64)
        shift = 0
        entries = np.asarray(np.floor(target[:, 0] + 0.5), dtype=np.int64)
    else:
        shift = source.width - address + guard
        chord = (target[:, -1] - target[:, 0]) / (length - 1)
        slopes = np.asarray(np.rint(chord * 2.0**shift), dtype=np.int64)
        left = target - slopes[:, None] * (np.arange(length) * 2.0**-shift)
        middle = (left.max(axis=1) + left.min(axis=1)) / 2
        entries = np.asarray(np.rint((middle + 0.5) * 2.0**shift), dtype=np.int64)
        ends = np.stack([entries, entries + slopes * (length - 1)])
        entries -= np.maximum(ends.max(axis=0) - (((out.maximum + 1) << shift) - 1), 0)
        entries += np.maximum((out.minimum << shift) - ends.min(axis=0), 0)
    table = Table(
        name=name,
        input=source,
        output=out,
        entries=tuple(entries.tolist()),
        slopes=tuple(slopes.tolist()) if length > 1 else (),
        shift=shift,
        max_error=0.0,
    )
    error = float(np.abs(table.evaluate(codes) - exact).max())
    return Table(**{**vars(table), "max_error": error})


def exponential(*, source: Fixed, out: Fixed, address: int, base: float = float(np.e)) -> Table:
    """``base ** -x``; at ``x = 0`` an ``out`` without integer bits gives its largest code."""
    return fit("exp", lambda x: base**-x, source=source, out=out, address=address)


def reciprocal(*, fraction: int, out: Fixed, address: int) -> Table:
    """``1 / (1 + x)`` for ``x = code * 2**-fraction`` in [0, 1): a mantissa without its one.

    A number ``n = (1 + x) * 2**e`` then has the reciprocal ``table(x) * 2**-e``.
    """
    source = Fixed(fraction, fraction, signed=False)
    return fit("reciprocal", lambda x: 1 / (1 + x), source=source, out=out, address=address)


def reciprocal_root(*, fraction: int, out: Fixed, address: int) -> Table:
    """``1 / sqrt((1 + x) * 2**odd)`` for the code ``odd << fraction | x * 2**fraction``.

    A number ``n = (1 + x) * 2**(2 * e + odd)`` then has the reciprocal root
    ``table(odd, x) * 2**-e``; results are in (1/2, 1].
    """
    source = Fixed(fraction + 1, fraction, signed=False)

    def root(x: Reals) -> Reals:
        return np.asarray(1 / np.sqrt(np.where(x < 1, 1 + x, 2 * x)), dtype=np.float64)

    return fit("reciprocal root", root, source=source, out=out, address=address)


def _narrowest(values: tuple[int, ...]) -> Fixed:
    low, high = min(values), max(values)
    signed = low < 0
    width = max(high.bit_length(), (~low).bit_length() if signed else 0) + int(signed)
    return Fixed(max(width, 1), signed=signed)


@dataclass(frozen=True, kw_only=True)
class TailedTable:
    """A function that is 0 far below zero and its own input far above, with a table between.

    Codes of ``input`` that ``core.input`` (same fraction bits, fewer bits) cannot hold are the
    tails: the lower one gives 0, the upper one the input, rounded half up and saturated. Without
    a core the tails meet at zero.

    Parameters
    ----------
    name, input, output: as in ``Table``
    core: the table around zero, or ``None``
    max_error: the largest distance to the exact function, clipped to the range of ``output``, over
        all input codes, in output LSB
    """

    name: str
    input: Fixed
    output: Fixed
    core: Table | None
    max_error: float

    def evaluate(self, codes: Ints) -> Ints:
        """The output codes that the hardware gives, bit for bit."""
        x = np.asarray(codes, dtype=np.int64)
        tails = self.output.requantize(np.maximum(x, 0), self.input)
        if self.core is None:
            return tails
        inside = self.core.input.saturate(x)
        return np.where(x == inside, self.core.evaluate(inside), tails)


def activation(
    function: ElementwiseFunction, *, source: Fixed, out: Fixed, max_error: float = 1.0
) -> TailedTable:
    """The smallest table of an activation function whose error is at most ``max_error`` LSB.

    First the core is made as narrow as the tails allow, then its lines as few as the error
    allows. Where ``out`` cannot hold a value its nearest code is the exact one.

    Raises ``ValueError`` if no table is as good as ``max_error``.
    """
    if source.width > WIDEST:
        raise ValueError(f"Table input must have at most {WIDEST} bits, not {source.width}")
    codes = np.arange(source.minimum, source.maximum + 1, dtype=np.int64)
    exact = np.clip(function.double(source.decode(codes)) / out.step, out.minimum, out.maximum)

    def tailed(core: Table | None) -> tuple[TailedTable, Reals]:
        table = TailedTable(name=function.name, input=source, output=out, core=core, max_error=0)
        errors = np.abs(table.evaluate(codes) - exact)
        return replace(table, max_error=float(errors.max())), errors

    table, errors = tailed(None)
    if table.max_error <= max_error:
        return table
    wrong = codes[errors > max_error]
    low, high = int(wrong.min()), int(wrong.max())
    width = max((~low).bit_length() if low < 0 else 0, high.bit_length()) + 1
    core_input = Fixed(min(width, source.width), source.frac)
    for address in range(1, core_input.width + 1):
        table, _ = tailed(
            fit(function.name, function.double, source=core_input, out=out, address=address)
        )
        if table.max_error <= max_error:
            return table
    raise ValueError(
        f"Table of {function.name} must have an error of at most {max_error} LSB, "
        f"not {table.max_error:.3f}"
    )
