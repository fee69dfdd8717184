# SPDX-License-Identifier: Apache-2.0
"""The two ends of the loop over layers."""

from dataclasses import dataclass
from typing import ClassVar

from ....stream.control.layer_loop import LoopEntry, LoopExit, entry_ports, exit_ports
from ....stream.itensor.itensor import ITensor
from ....stream.spec import Port, Resources
from .spec import InfrastructureSpec

__all__ = ["LoopEntrySpec", "LoopExitSpec"]


@dataclass(frozen=True, kw_only=True)
class LoopEntrySpec(InfrastructureSpec):
    """Where a token batch of ``type`` enters the ``layers``."""

    label: ClassVar[str] = "loop"

    type: ITensor
    layers: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return entry_ports(self.type, self.layers)

    def resources(self) -> Resources:
        bits = self.type.beat_bits
        return Resources(luts=bits * 2 + 45, ffs=bits * 2 + 24)

    def create(self) -> LoopEntry:
        return LoopEntry(type=self.type, layers=self.layers)


@dataclass(frozen=True, kw_only=True)
class LoopExitSpec(InfrastructureSpec):
    """Where a token batch goes back to the first of the ``layers``, or its last token leaves."""

    label: ClassVar[str] = "loop"

    type: ITensor
    layers: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return exit_ports(self.type, self.layers)

    def resources(self) -> Resources:
        bits = self.type.beat_bits
        return Resources(luts=bits * 2 + 50, ffs=bits * 4 + 26)

    def create(self) -> LoopExit:
        return LoopExit(type=self.type, layers=self.layers)
