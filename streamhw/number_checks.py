# SPDX-License-Identifier: Apache-2.0
"""What the numbers, names and parts of a board must be: files of users give them."""

import math
from contextlib import suppress
from numbers import Integral, Real

__all__ = ["check_kind", "check_kinds", "check_number", "check_text", "check_whole"]


def check_whole(what: str, value: object, *, least: int, most: int | None = None) -> None:
    """Raises ``ValueError`` unless the value is a whole number from ``least`` to ``most``."""
    whole = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if whole is None or whole < least or (most is not None and whole > most):
        between = f"of at least {least:,}" if most is None else f"from {least:,} to {most:,}"
        raise ValueError(f"{what} must be a whole number {between}, not {value!r}")


def check_number(
    what: str, value: object, *, most: float = math.inf, zero: bool = False, least: float = 0.0
) -> None:
    """Raises ``ValueError`` unless the value is a finite number from ``least`` to ``most``.

    zero: whether it may be 0
    """
    number = math.nan
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if not least <= number <= most or not math.isfinite(number) or (number == 0 and not zero):
        above = f"of at least {least:g}" if zero or least > 0 else "above 0"
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise ValueError(f"{what} must be a number {above}{upper}, not {value!r}")


def check_text(what: str, value: object) -> None:
    """Raises ``ValueError`` unless the value is a line of text: reports and Verilog have it."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{what} must be a line of text, not {value!r}")


def check_kind(what: str, value: object, kind: type) -> None:
    """Raises ``ValueError`` unless the value is of a class."""
    if not isinstance(value, kind):
        raise ValueError(f"{what} must be of type {kind.__name__}, not {value!r}")


def check_kinds(what: str, values: object, kind: type) -> None:
    """Raises ``ValueError`` unless the values are a tuple or list of one class."""
    if not isinstance(values, tuple | list):
        raise ValueError(f"{what} must be a tuple of {kind.__name__}, not {values!r}")
    for value in values:
        check_kind(f"Each of {what}", value, kind)
