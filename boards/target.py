# SPDX-License-Identifier: Apache-2.0
"""What a design for a board should be like: wishes, where ``Board`` has the facts."""

from dataclasses import dataclass

from ..number_checks import check_number, check_whole

__all__ = ["DesignTarget"]

LEAST_TOKENS = 2
"""A step for several tokens is what a prompt takes; answers take steps of one."""

LEAST_BEATS = 16
"""A burst of a memory port: it begins when there is room for all of it."""

MOST_BEATS = 1 << 20
"""The longest queue at a memory port: more is no buffer, but the memory itself."""


@dataclass(frozen=True, kw_only=True)
class DesignTarget:
    """The sizes that the compiler aims at, unless they do not fit.

    A board file recommends one; the options of a build change it.

    multipliers: weights that a matmul engine takes a cycle, a power of two
    token_batch: tokens of a step that share a pass over the weights, at least 2
    lanes: elements a cycle of the row-wise kernels
    token_lanes: tokens that each weight of an engine meets in a cycle
    fabric_lanes: those of them that multiply in LUTs
    prefetch: most beats of parameters that may wait on chip, across layers and tokens; at least 16,
        a burst, as of ``cache_buffer``
    cache_buffer: beats of keys, and of values, that may wait on chip: what is asked for ahead, also
        while memory still sends what it was asked for before
    die_fill: share of each die's budget that is planned with: placement needs room
    """

    multipliers: int
    token_batch: int
    lanes: int
    token_lanes: int = 1
    fabric_lanes: int = 0
    prefetch: int = 512
    cache_buffer: int = 64
    die_fill: float = 0.8

    def __post_init__(self) -> None:
        for name in ("multipliers", "lanes", "token_lanes"):
            check_whole(f"Target {name}", getattr(self, name), least=1)
        if self.multipliers & (self.multipliers - 1):
            raise ValueError(f"Target multipliers must be a power of two, not {self.multipliers}")
        check_whole("Target token_batch", self.token_batch, least=LEAST_TOKENS)
        for name in ("prefetch", "cache_buffer"):
            least, most = LEAST_BEATS, MOST_BEATS
            check_whole(f"Target {name}", getattr(self, name), least=least, most=most)
        check_whole("Target fabric_lanes", self.fabric_lanes, least=0, most=self.token_lanes)
        check_number("Target die_fill", self.die_fill, most=1)
