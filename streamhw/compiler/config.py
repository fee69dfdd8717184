# SPDX-License-Identifier: Apache-2.0
"""What the user asks the compiler for, in the user's words."""

from dataclasses import dataclass, field
from enum import Enum

from ..numerics.config import QuantConfig

__all__ = ["BuildConfig", "Sharing"]


class Sharing(Enum):
    """How many matrix products share one engine in time."""

    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """Choices of a build; every other number of the design follows from model and board.

    quantisation: bits of weights and how their scales are found
    sharing: ``ALL`` binds every matrix product of one weight format to one engine, ``NONE`` gives
        each its own
    group: tokens of a step; ``None``: the board's
    multipliers: of the matmul engine; ``None``: the board's
    """

    quantisation: QuantConfig = field(default_factory=QuantConfig)
    sharing: Sharing = Sharing.ALL
    group: int | None = None
    multipliers: int | None = None
