# SPDX-License-Identifier: Apache-2.0
"""Asks memory for the static parameters in the order in which a step uses them."""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..axi.signature import ADDRESS_WIDTH, command

__all__ = ["ParameterReader", "ParameterRun"]


@dataclass(frozen=True)
class ParameterRun:
    """Consecutive beats in memory: ``offset`` bytes from the image's base, ``beats`` long."""

    offset: int
    beats: int


class ParameterReader(wiring.Component):
    """Turns the steps of the sequencer into read commands and programs of the demux.

    The image holds the parameters of all layers one after another, then those of the tail, so a
    step reads memory from one end to the other. Whatever step follows a tail begins with layer 0,
    so that its run is asked for behind the tail's at once: memory works while the next token is
    still unknown. It stays asked for when that was the last token, for the next prompt.

    Parameters  layout: of the step stream; body: the run of layer 0; stride: bytes from one
                layer's run to the next; tail: the run of the tail
    Members     i_step; o_command (for a read DMA); o_program (0: body, 1: tail); cfg_base: byte
                address of the image, which must not change after the first step
    Timing      one command a cycle, two cycles after its step, or one after the tail's
    Raises      ValueError: if a run is empty
    """

    def __init__(
        self, *, layout: data.StructLayout, body: ParameterRun, stride: int, tail: ParameterRun
    ):
        for name, run in (("body", body), ("tail", tail)):
            if run.beats < 1:
                raise ValueError(f"ParameterReader {name} must have beats, not {run.beats}")
        self._body, self._stride, self._tail = body, stride, tail
        self._layout = layout
        super().__init__(
            {
                "i_step": In(stream.Signature(layout)),
                "o_command": Out(stream.Signature(command())),
                "o_program": Out(stream.Signature(data.ArrayLayout(1, 1))),
                "cfg_base": In(ADDRESS_WIDTH),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = self.i_step.payload
        # Layers come in order, so the address of the next body run is the last one plus a stride.
        offset = Signal(ADDRESS_WIDTH)
        asked = Signal.like(self.o_command.payload, reset_less=True)
        chosen = Signal.like(self.o_program.payload, reset_less=True)
        m.d.comb += [self.o_command.payload.eq(asked), self.o_program.payload.eq(chosen)]
        following, ahead = Signal(), Signal()
        """Whether layer 0 is to be asked for behind a tail, and whether it has been."""
        free = (~self.o_command.valid | self.o_command.ready) & (
            ~self.o_program.valid | self.o_program.ready
        )
        with m.If(self.o_command.ready):
            m.d.sync += self.o_command.valid.eq(0)
        with m.If(self.o_program.ready):
            m.d.sync += self.o_program.valid.eq(0)
        # Accepting alternates with waiting so that ready never hangs on a sink's ready directly.
        idle = Signal()
        m.d.comb += self.i_step.ready.eq(idle)
        m.d.sync += idle.eq(free & ~following & ~(self.i_step.valid & idle))
        first = self.cfg_base + self._body.offset
        with m.If(following & (~self.o_command.valid | self.o_command.ready)):
            m.d.sync += [
                following.eq(0),
                ahead.eq(1),
                self.o_command.valid.eq(1),
                asked.address.eq(first),
                asked.beats.eq(self._body.beats),
            ]
        with m.If(self.i_step.valid & idle):
            m.d.sync += [
                self.o_command.valid.eq(1),
                self.o_program.valid.eq(1),
                chosen[0].eq(step.tail),
            ]
            with m.If(step.tail):
                m.d.sync += [
                    asked.address.eq(self.cfg_base + self._tail.offset),
                    asked.beats.eq(self._tail.beats),
                    following.eq(1),
                ]
            with m.Else():
                m.d.sync += asked.beats.eq(self._body.beats)
                with m.If(step.layer == 0):
                    m.d.sync += [
                        offset.eq(self._stride),
                        self.o_command.valid.eq(~ahead),
                        asked.address.eq(first),
                        ahead.eq(0),
                    ]
                with m.Else():
                    m.d.sync += [
                        offset.eq(offset + self._stride),
                        asked.address.eq(first + offset),
                    ]
        return m
