# SPDX-License-Identifier: Apache-2.0
"""A stream's way from one die to another."""

from dataclasses import dataclass
from typing import ClassVar

from ....stream.behaviour import Behaviour
from ....stream.itensor.itensor import ITensor
from ....stream.register_slice import RegisterSlice, register_slice_beats, register_slice_latency
from ....stream.signature import lanes_of
from ....stream.spec import Memory, Port, Resources
from .spec import InfrastructureSpec

__all__ = ["RegisterSliceSpec"]


@dataclass(frozen=True, kw_only=True)
class RegisterSliceSpec(InfrastructureSpec):
    """Registers on a stream of ``type`` that passes so many ``boundaries`` between dies."""

    label: ClassVar[str] = "register slice"

    type: ITensor
    boundaries: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", self.type), Port("o", self.type))

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=register_slice_latency(self.boundaries))

    def resources(self) -> Resources:
        bits, beats = self.type.beat_bits, register_slice_beats(self.boundaries)
        address = beats.bit_length()
        return Resources(
            luts=10 * address + 4,
            ffs=2 * self.boundaries * (bits + 2) + 4 * address + 4,
            memories=(Memory(bits, beats, asynchronous=True),),
        )

    def create(self) -> RegisterSlice:
        return RegisterSlice(shape=lanes_of(self.type), boundaries=self.boundaries)
