# SPDX-License-Identifier: Apache-2.0
"""What the user asks the compiler for, in the user's words."""

from dataclasses import dataclass, field, replace
from enum import Enum

from ..boards.target import DesignTarget
from ..errors import DoesNotFitError, UserError
from ..quantization.config import QuantConfig
from .fifo.constraints import Equalization
from .mapping.engine_sharing import Sharing, SharingChoice
from .mapping.tiling import Tiling

__all__ = [
    "BuildConfig",
    "Equalization",
    "Fusion",
    "Sharing",
    "SharingChoice",
    "parse_sharing",
    "way_out",
]


class Fusion(Enum):
    """How kernels are grouped: streams between groups go through external memory."""

    GREEDY = "greedy"
    OPTIMAL = "optimal"


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """Choices of a build; every other number of the design follows from model and board.

    quantization: bits of weights and how their scales are found
    sharing: ``ALL`` binds every matrix product of one weight format to one engine, ``NONE`` gives
        each its own; a number of engines, or the products that share one, are between the two
    token_batch: tokens of a step; ``None``: the board's
    multipliers: of each matmul engine; ``None``: the board's
    tiling: sizes of all kernels; ``None``: chosen by a rule
    equalization: ``NORMAL`` sizes FIFOs so that they cost no cycle, ``CONSERVATIVE`` for less depth
    pins: part and die, for parts that must be on a certain one
    fusion: how it is decided which streams go through external memory, if not all fit on chip
    cuts: the streams that go through external memory; ``None``: as few as fit
    on_chip_bits: of memory for values between kernels; ``None``: what the board has
    """

    quantization: QuantConfig = field(default_factory=QuantConfig)
    sharing: SharingChoice = Sharing.ALL
    token_batch: int | None = None
    multipliers: int | None = None
    tiling: Tiling | None = None
    equalization: Equalization = Equalization.NORMAL
    pins: tuple[tuple[str, str], ...] = ()
    fusion: Fusion = Fusion.OPTIMAL
    cuts: tuple[str, ...] | None = None
    on_chip_bits: int | None = None

    def check(self, context: int) -> None:
        """Raises ``UserError`` for sizes that no design of a model of this context can have."""
        count, batch = self.multipliers, self.token_batch
        if count is not None and (count < 1 or count & (count - 1)):
            raise UserError(f"Multipliers must be at least 1 and a power of two, not {count}")
        if batch is not None and not 2 <= batch <= context:
            raise UserError(
                f"Tokens of a step must be at least 2 and at most the context of {context}, "
                f"not {batch}"
            )

        if self.on_chip_bits is not None and self.on_chip_bits < 0:
            raise UserError(f"Bits of on-chip memory must be at least 0, not {self.on_chip_bits}")

    def target(self, recommended: DesignTarget) -> DesignTarget:
        """A board's target with the sizes that were asked for."""
        asked = {"multipliers": self.multipliers, "token_batch": self.token_batch}
        return replace(recommended, **{k: v for k, v in asked.items() if v is not None})


def way_out(wanted: BuildConfig, error: DoesNotFitError) -> str:
    """What a user may change where no sizes are left that a build may choose."""
    if wanted.tiling is not None:
        return "all sizes are given: a build that chooses them tries smaller ones"
    asked = [
        option
        for option, value in (
            ("--multipliers", wanted.multipliers),
            ("--token-batch", wanted.token_batch),
        )
        if value is not None
    ]
    if asked:
        return f"without {' and '.join(asked)} a build tries smaller sizes"
    if error.between and wanted.on_chip_bits is not None:
        return "no smaller sizes of kernels are left to try: allow more --on-chip-bits"
    return "no smaller sizes of kernels are left to try"


def parse_sharing(text: str) -> SharingChoice:
    """``all``, ``none``, a number of engines, or groups such as ``qkv+hidden,mlp_out``.

    Raises ``UserError`` if it is none of these.
    """
    if text in ("all", "none"):
        return Sharing(text)
    if text.lstrip("+-").isdigit():
        return int(text)
    groups = tuple(tuple(engine.split("+")) for engine in text.split(","))
    if not all(name.isidentifier() for engine in groups for name in engine):
        raise UserError(
            f"Sharing must be all, none, a number of engines or products such as "
            f"qkv+hidden,mlp_out, not {text!r}"
        )
    return groups
