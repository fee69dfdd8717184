# SPDX-License-Identifier: Apache-2.0
"""The static parameters on their way: what asks memory for them, and what routes them."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.lib import data

from ....stream.axi.signature import ADDRESS_WIDTH, command
from ....stream.control.parameter_reader import ParameterReader, ParameterRun
from ....stream.control.step_layout import step_layout
from ....stream.spec import Port, Resources, Role, raw
from ....stream.static_demux import Repeat, StaticDemux
from .spec import InfrastructureSpec

__all__ = ["ParameterReaderSpec", "StaticDemuxSpec"]


@dataclass(frozen=True, kw_only=True)
class StaticDemuxSpec(InfrastructureSpec):
    """Routes beats of ``beat_bits`` to so many ``outputs``, in the order of a program."""

    label: ClassVar[str] = "parameter demux"

    beat_bits: int
    outputs: int
    programs: tuple[tuple[Repeat, ...], ...]

    @property
    def ports(self) -> tuple[Port, ...]:
        beat = raw(self.beat_bits)
        routed = (Port(f"o_{n}", beat) for n in range(self.outputs))
        return (Port("i", beat), Port("i_program", raw(1), Role.PROGRAM), *routed)

    def resources(self) -> Resources:
        # A program is chosen, and the place in it: that takes more LUTs of four inputs.
        luts = self.beat_bits + 64 + 2 * self.outputs
        return Resources(luts=luts, muxes=30, ffs=2 * self.beat_bits + 30)

    def create(self) -> StaticDemux:
        return StaticDemux(width=self.beat_bits, programs=self.programs, outputs=self.outputs)


@dataclass(frozen=True, kw_only=True)
class ParameterReaderSpec(InfrastructureSpec):
    """Asks for the parameters of each step.

    tokens, context, layers: bounds of a step; body: the run of layer 0; stride: bytes from one
    layer's run to the next; tail: the run behind the layers
    """

    label: ClassVar[str] = "parameter reader"

    tokens: int
    context: int
    layers: int
    body: ParameterRun
    stride: int
    tail: ParameterRun

    @property
    def _layout(self) -> data.StructLayout:
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i_step", raw(self._layout.size), Role.STEP),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("o_program", raw(1), Role.PROGRAM),
        )

    def resources(self) -> Resources:
        # Two adders of an address, and what chooses between the tail's, layer 0's and the next.
        return Resources(luts=2 * ADDRESS_WIDTH + 16, muxes=4 * ADDRESS_WIDTH, ffs=80)

    def create(self) -> ParameterReader:
        return ParameterReader(
            layout=self._layout, body=self.body, stride=self.stride, tail=self.tail
        )
