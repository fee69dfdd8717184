# SPDX-License-Identifier: Apache-2.0
"""Sizes that kernels may have: powers of two, and what divides what."""

__all__ = ["divides", "powers"]


def powers(lowest: int, highest: int) -> list[int]:
    """``lowest``, its double and so on, up to ``highest``; at least one."""
    sizes = [lowest]
    while sizes[-1] * 2 <= highest:
        sizes.append(sizes[-1] * 2)
    return sizes


def divides(a: int, b: int) -> bool:
    """Whether one of the two is a multiple of the other."""
    return a % b == 0 or b % a == 0
