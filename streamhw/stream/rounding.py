# SPDX-License-Identifier: Apache-2.0
"""Rounding and saturation as Amaranth expressions, equal to those of ``Fixed``."""

from amaranth.hdl import Const, Mux, Value

from ..numerics.fixed import Fixed

__all__ = ["rounded", "saturated"]


def rounded(value: Value, shift: int) -> Value:
    """``value / 2**shift`` rounded half up; a negative shift multiplies exactly."""
    if shift <= 0:
        return value << -shift
    total = value + Const(1 << (shift - 1), shift + 1)
    # A shift to the right would keep the width, with copies of the sign on top.
    return total[shift:].as_signed() if total.shape().signed else total[shift:]


def saturated(value: Value, fmt: Fixed) -> Value:
    """``value`` clamped to ``fmt``; assign ``value`` to a Signal first, it is used three times.

    The two limits are found from the bits above the format, which is cheaper than two comparisons.
    """
    width = fmt.width
    shape = value.shape()
    if not shape.signed:
        limit = Const(fmt.maximum, width)
        keep = width - int(fmt.signed)
        if shape.width <= keep:
            return value
        return Mux(value[keep:].any(), limit, value[:width])
    if not fmt.signed:
        low = value[:width]
        above = value[width:-1].any() if shape.width > width + 1 else Const(0)
        return Mux(value[-1], Const(0, width), Mux(above, Const(fmt.maximum, width), low))
    if shape.width <= width:
        return value
    top = value[width - 1 :]
    fits = top.all() | ~top.any()
    extreme = Mux(value[-1], Const(fmt.minimum, fmt.shape), Const(fmt.maximum, fmt.shape))
    return Mux(fits, value[:width].as_signed(), extreme)
