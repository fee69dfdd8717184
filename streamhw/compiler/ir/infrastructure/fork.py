# SPDX-License-Identifier: Apache-2.0
"""One stream to several readers."""

from dataclasses import dataclass
from typing import ClassVar

from ....stream.fork import Fork
from ....stream.itensor.itensor import ITensor
from ....stream.signature import lanes_of
from ....stream.spec import Port, Resources
from .spec import InfrastructureSpec

__all__ = ["ForkSpec"]


@dataclass(frozen=True, kw_only=True)
class ForkSpec(InfrastructureSpec):
    """Copies a stream of ``type`` to each of ``outputs`` readers: ports ``i``, ``o_0``, ``o_1``."""

    label: ClassVar[str] = "fork"

    type: ITensor
    outputs: int

    @property
    def ports(self) -> tuple[Port, ...]:
        copies = (Port(f"o_{n}", self.type) for n in range(self.outputs))
        return (Port("i", self.type), *copies)

    def resources(self) -> Resources:
        bits = self.type.beat_bits
        return Resources(luts=bits + 4 * self.outputs, ffs=2 * bits + self.outputs + 4)

    def create(self) -> Fork:
        return Fork(shape=lanes_of(self.type), outputs=self.outputs)
