# SPDX-License-Identifier: Apache-2.0
"""Cycle counts that a kernel states of itself."""

from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True)
class Timing:
    """Cycles of one tensor when nothing stalls.

    latency: cycles from the first input beat accepted to the first output beat offered, when all
        inputs are offered together at one beat a cycle
    interval: cycles between the first beats of consecutive tensors in steady state
    drain: cycles from the last input beat accepted to the last output beat offered
    """

    latency: int
    interval: int
    drain: int
