# SPDX-License-Identifier: Apache-2.0
"""What Vitis must be told of a card: its platform, and the memory bank behind each port."""

from dataclasses import dataclass

from ..number_checks import check_kinds, check_text

__all__ = ["VitisCard"]


@dataclass(frozen=True, kw_only=True)
class VitisCard:
    """A card that a kernel of Vitis can be linked for; names as the vendor's tools spell them.

    platform: of ``v++ --platform``
    banks: of ``v++ --connectivity.sp``, one for each memory port of the board, in their order; the
        tags of the banks of an xclbin are the same

    Raises ``ValueError`` if a name is no line of text, or there is no bank.
    """

    platform: str
    banks: tuple[str, ...]

    def __post_init__(self) -> None:
        check_text("Platform of a Vitis card", self.platform)
        check_kinds("Banks of a Vitis card", self.banks, str)
        for bank in self.banks:
            check_text("Bank of a Vitis card", bank)
        if not self.banks:
            raise ValueError("Vitis card must have at least one bank, not none")
