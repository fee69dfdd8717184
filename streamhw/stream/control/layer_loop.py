# SPDX-License-Identifier: Apache-2.0
"""The two ends of the loop over layers: where a token batch enters it, and where it leaves."""

from dataclasses import replace
from math import prod

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..itensor.itensor import ITensor, Loop, Symbol
from ..queue import Queue
from ..signature import lanes_of, stream_of
from ..skid import Skid
from ..spec import Direction, Port, Role, raw
from .step_layout import loop_layout

__all__ = ["LoopEntry", "LoopExit", "entry_ports", "exit_ports"]


def entry_ports(type: ITensor, layers: int) -> tuple[Port, ...]:
    """Ports of ``LoopEntry``."""
    return (
        Port("i_first", type, Role.LOOP_ENTRY),
        Port("i_back", type, Role.LOOP_BACK),
        _step_port(type, layers),
        Port("o", type),
    )


def exit_ports(type: ITensor, layers: int) -> tuple[Port, ...]:
    """Ports of ``LoopExit``."""
    row = replace(type, loops=(Loop(1, 1, 0), *type.loops[1:]))
    return (
        Port("i", type),
        _step_port(type, layers),
        Port("o_back", type, Role.LOOP_BACK),
        Port("o_exit", row, Role.LOOP_EXIT),
    )


class _LoopEnd(wiring.Component):
    """What both ends share: the type of the rows, and a counter over the rows of a step."""

    def __init__(self, *, type: ITensor, layers: int, ports: tuple[Port, ...]):
        self._type = type
        self._layers = layers
        self.ports = ports
        flow = {Direction.INPUT: In, Direction.OUTPUT: Out}
        super().__init__({p.name: flow[p.direction](stream_of(p.type)) for p in ports})

    def _rows(self, m: Module, accept: Signal) -> tuple[Signal, data.View, Signal]:
        """Counts accepted beats; returns "a step is active", the step, and "this row is last"."""
        layout = _layout(self._type, self._layers)
        m.submodules.steps = steps = Queue(shape=layout, depth=2)
        m.d.comb += [
            steps.i.valid.eq(self.i_step.valid),
            Value.cast(steps.i.payload).eq(Value.cast(self.i_step.payload)),
            self.i_step.ready.eq(steps.i.ready),
        ]
        beats = prod(loop.bound for loop in self._type.loops[1:])
        active = Signal()
        step = Signal(layout)
        beat = Signal(range(beats))
        left = Signal.like(step.tokens)
        last_row, row_end, ending = Signal(), Signal(), Signal()
        m.d.comb += [
            last_row.eq(left == 1),
            row_end.eq(accept & (beat == beats - 1)),
            ending.eq(row_end & last_row),
            steps.o.ready.eq(~active | ending),
        ]
        with m.If(accept):
            m.d.sync += beat.eq(Mux(row_end, 0, beat + 1))
        with m.If(row_end):
            m.d.sync += left.eq(left - 1)
        with m.If(steps.o.ready):
            m.d.sync += [
                active.eq(steps.o.valid),
                step.eq(steps.o.payload),
                left.eq(steps.o.payload.tokens),
            ]
        return active, step, last_row


class LoopEntry(_LoopEnd):
    """Takes the rows of a step from outside in layer 0, and from the end of the loop after that.

    Parameters  type: [tokens, d] row-major, outermost loop of trip ``Symbol("tokens", ...)``;
                layers: at least 1
    Members     i_first, i_back, o: streams of ``type``   i_step: ``raw``, ``loop_layout``, body
                steps only; ``ports`` lists them with their types
    Timing      latency = 3 cycles from a step with its rows, 1 cycle a beat; one beat a cycle,
                also from one step to the next
    Buffers     2 beats and 2 steps
    Stalls      lossless; no combinational path from i.valid to o.valid or o.ready to i.ready
    Raises      ValueError: if the type is not row by row over tokens, or layers is less than 1
    """

    def __init__(self, *, type: ITensor, layers: int):
        _check("LoopEntry", type, layers)
        super().__init__(type=type, layers=layers, ports=entry_ports(type, layers))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accept = Signal()
        active, step, _ = self._rows(m, accept)
        m.submodules.skid = skid = Skid(shape=lanes_of(self._type))
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        for first, source in ((True, self.i_first), (False, self.i_back)):
            with m.If((step.layer == 0) == first):
                m.d.comb += [
                    skid.i.payload.eq(source.payload),
                    skid.i.valid.eq(source.valid & active),
                    source.ready.eq(skid.i.ready & active),
                ]
        m.d.comb += accept.eq(skid.i.valid & skid.i.ready)
        return m


class LoopExit(_LoopEnd):
    """Sends the rows of a step back to the entry, or, in the last layer, the last row out.

    Without ``head`` nobody wants the rows of the last layer: they are dropped.

    Parameters  type: [tokens, d] row-major, outermost loop of trip ``Symbol("tokens", ...)``;
                layers: at least 1
    Members     i, o_back: streams of ``type``   o_exit: of one row of it   i_step: ``raw``,
                ``loop_layout``, body steps only; ``ports`` lists them with their types
    Timing      latency = 3 cycles from a step with its rows, 1 cycle a beat; one beat a cycle,
                also from one step to the next
    Buffers     2 beats an output and 2 steps
    Stalls      lossless; no combinational path from i.valid to o.valid or o.ready to i.ready
    Raises      ValueError: if the type is not row by row over tokens, or layers is less than 1
    """

    def __init__(self, *, type: ITensor, layers: int):
        _check("LoopExit", type, layers)
        super().__init__(type=type, layers=layers, ports=exit_ports(type, layers))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accept = Signal()
        active, step, last_row = self._rows(m, accept)
        final, leave = Signal(), Signal()
        m.d.comb += [
            final.eq(step.layer == self._layers - 1),
            leave.eq(final & step.head & last_row),
            accept.eq(self.i.valid & self.i.ready),
        ]
        m.submodules.back = back = Skid(shape=lanes_of(self._type))
        m.submodules.exit = exit = Skid(shape=lanes_of(self._type))
        wiring.connect(m, back.o, wiring.flipped(self.o_back))
        wiring.connect(m, exit.o, wiring.flipped(self.o_exit))
        m.d.comb += [
            back.i.payload.eq(self.i.payload),
            exit.i.payload.eq(self.i.payload),
            back.i.valid.eq(accept & ~final),
            exit.i.valid.eq(accept & leave),
        ]
        with m.If(~final):
            m.d.comb += self.i.ready.eq(active & back.i.ready)
        with m.Else():
            m.d.comb += self.i.ready.eq(active & (exit.i.ready | ~leave))
        return m


def _layout(type: ITensor, layers: int) -> data.StructLayout:
    return loop_layout(tokens=type.loops[0].bound, layers=layers)


def _step_port(type: ITensor, layers: int) -> Port:
    layout = _layout(type, layers)
    return Port("i_step", raw(layout.size), Role.STEP, fields=tuple(layout.members))


def _check(name: str, type: ITensor, layers: int) -> None:
    if layers < 1:
        raise ValueError(f"{name} layers must be at least 1, not {layers}")
    trips = [loop.trip for loop in type.loops]
    if not trips or not isinstance(trips[0], Symbol) or trips[0].ragged:
        raise ValueError(f"{name} type must have tokens outermost, not {type}")
    if any(isinstance(trip, Symbol) for trip in trips[1:]):
        raise ValueError(f"{name} type must have rows of one length, not {type}")
