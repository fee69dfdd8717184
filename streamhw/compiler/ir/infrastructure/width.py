# SPDX-License-Identifier: Apache-2.0
"""From memory beats to the beats of a stream of parameters: narrower, wider, equal, or padded."""

from dataclasses import dataclass, replace
from typing import ClassVar

from ....stream.behaviour import Behaviour
from ....stream.itensor.itensor import ITensor
from ....stream.passthrough import Passthrough
from ....stream.spec import Port, Resources, raw
from ....stream.unpacker import PaddingRemover, unpack_resources
from ....stream.width import Width
from .spec import InfrastructureSpec

__all__ = ["PaddingRemoverSpec", "PassthroughSpec", "WidthSpec", "WordCutterSpec"]


@dataclass(frozen=True, kw_only=True)
class WidthSpec(InfrastructureSpec):
    """Memory beats of ``beat_bits``, cut or joined to the beats of ``type``."""

    label: ClassVar[str] = "width converter"

    type: ITensor
    beat_bits: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", raw(self.beat_bits)), Port("o", self.type))

    def resources(self) -> Resources:
        bits = self.type.beat_bits
        wide = max(bits, self.beat_bits)
        # A bit that may come from two places takes one LUT or two.
        luts = round(1.85 * wide) if bits < self.beat_bits else wide
        return Resources(luts=luts + 8, ffs=2 * wide + 4)

    def create(self) -> Width:
        return Width(width_in=self.beat_bits, width_out=self.type.beat_bits)


@dataclass(frozen=True, kw_only=True)
class PassthroughSpec(InfrastructureSpec):
    """Memory beats that are beats of ``type``."""

    label: ClassVar[str] = "width converter"

    type: ITensor

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", raw(self.type.beat_bits)), Port("o", self.type))

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=Passthrough.latency)

    def resources(self) -> Resources:
        return Resources()

    def create(self) -> Passthrough:
        return Passthrough(width=self.type.beat_bits)


@dataclass(frozen=True, kw_only=True)
class PaddingRemoverSpec(InfrastructureSpec):
    """Memory beats of ``beat_bits``, cut to the beats of ``type``, without what pads the last one
    of an invocation."""

    label: ClassVar[str] = "width converter"

    type: ITensor
    beat_bits: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", raw(self.beat_bits)), Port("o", self.type))

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=PaddingRemover.latency)

    def resources(self) -> Resources:
        return unpack_resources(
            width=self.beat_bits, part=self.type.beat_bits, bound=self.type.beats()
        )

    def create(self) -> PaddingRemover:
        return PaddingRemover(
            width=self.beat_bits, part=self.type.beat_bits, count=self.type.beats()
        )


@dataclass(frozen=True, kw_only=True)
class WordCutterSpec(InfrastructureSpec):
    """Memory beats of ``beat_bits``, cut to words of ``bits``; one more may wait, so that what
    routes them goes on."""

    label: ClassVar[str] = "width converter"

    bits: int
    beat_bits: int

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port("i", raw(self.beat_bits)), Port("o", raw(self.bits)))

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=PaddingRemover.latency + 1)

    @property
    def _words(self) -> int:
        return self.beat_bits // self.bits

    def resources(self) -> Resources:
        cells = unpack_resources(width=self.beat_bits, part=self.bits, bound=self._words)
        return replace(cells, ffs=cells.ffs + self.beat_bits + 1)

    def create(self) -> PaddingRemover:
        return PaddingRemover(width=self.beat_bits, part=self.bits, count=self._words, spare=True)
