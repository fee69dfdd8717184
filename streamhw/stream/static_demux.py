# SPDX-License-Identifier: Apache-2.0
"""Static demultiplexer: sends one stream of beats to many outputs in a static order."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .signature import stream_of
from .skid import Skid
from .spec import raw

__all__ = ["Repeat", "Segment", "StaticDemux"]


@dataclass(frozen=True)
class Segment:
    """``beats`` consecutive beats for one output."""

    output: int
    beats: int


@dataclass(frozen=True)
class Repeat:
    """A sequence of segments, ``count`` times."""

    count: int
    segments: tuple[Segment, ...]


class StaticDemux(wiring.Component):
    """Routes consecutive beats to outputs in the order that the chosen program states.

    A counter of beats inside a segment, one of repeats, and a table of segments; beats pass
    through a skid buffer, so that outputs are registered. The order is static: an output that
    is not ready holds up those after it, so queues belong behind the outputs::

        i --> skid (beat, output) --> o_0, o_1, ...
               ^ segment table <-- i_program

    Parameters  width: bits of a beat; programs: each a tuple of ``Repeat``; an invocation runs one;
                outputs: how many there are, by default all that programs name; beats for the
                number behind the last are dropped: they are padding
    Members     i: In(stream ``raw(width)``)   i_program: In(stream ``raw``), index of a program
                o_0, o_1, ...: Out(stream ``raw(width)``)
    Timing      latency = 1 cycle; one beat a cycle, also from one invocation to the next while
                programs arrive in time (one may wait); 2 cycles from a program to its first beat
    Buffers     2 beats, in registers
    Stalls      lossless; no combinational path between ports
    Raises      ValueError: if there are no programs, a program is empty, a count is below 1, or an
                output is behind the padding's
    """

    def __init__(
        self, *, width: int, programs: Sequence[Sequence[Repeat]], outputs: int | None = None
    ):
        self._width = width
        self._programs = tuple(tuple(program) for program in programs)
        if not self._programs:
            raise ValueError("StaticDemux must have at least 1 program, not 0")
        for index, program in enumerate(self._programs):
            if not program or not all(repeat.segments for repeat in program):
                raise ValueError(f"StaticDemux program {index} must have segments, not {program}")
            for repeat in program:
                for segment in repeat.segments:
                    if repeat.count < 1 or segment.beats < 1 or segment.output < 0:
                        raise ValueError(
                            f"StaticDemux counts must be at least 1 and outputs at least 0, "
                            f"not {segment} {repeat.count} times"
                        )
        self._table = [s for p in self._programs for r in p for s in r.segments]
        last = max(segment.output for segment in self._table)
        self.outputs = 1 + last if outputs is None else outputs
        if last > self.outputs:
            raise ValueError(f"StaticDemux output must be at most {self.outputs}, not {last}")
        super().__init__(
            {
                "i": In(stream_of(raw(width))),
                "i_program": In(stream_of(raw(self.program_width))),
                **{f"o_{n}": Out(stream_of(raw(width))) for n in range(self.outputs)},
            }
        )

    @property
    def program_width(self) -> int:
        """Bits of a beat of ``i_program``."""
        return max(1, (len(self._programs) - 1).bit_length())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = data.StructLayout({"beat": self._width, "output": range(self.outputs + 1)})
        m.submodules.skid = skid = Skid(shape=layout)

        # the next program waits in a register, so that invocations follow without a gap
        waiting = Signal()
        program = Signal(self.program_width, reset_less=True)
        start = Signal()
        m.d.comb += self.i_program.ready.eq(~waiting)
        with m.If(self.i_program.valid & ~waiting):
            m.d.sync += [waiting.eq(1), program.eq(Value.cast(self.i_program.payload))]
        with m.Elif(start):
            m.d.sync += waiting.eq(0)

        active = Signal()
        accept = Signal()
        m.d.comb += [
            self.i.ready.eq(active & skid.i.ready),
            accept.eq(self.i.valid & self.i.ready),
            skid.i.valid.eq(accept),
            skid.i.payload.beat.eq(Value.cast(self.i.payload)),
        ]
        finished = self._segments(m, accept, skid.i.payload.output, program, start)
        m.d.comb += start.eq(waiting & (~active | finished))
        with m.If(start):
            m.d.sync += active.eq(1)
        with m.Elif(finished):
            m.d.sync += active.eq(0)

        with m.If(skid.o.payload.output == self.outputs):
            m.d.comb += skid.o.ready.eq(1)
        for n in range(self.outputs):
            output = getattr(self, f"o_{n}")
            chosen = skid.o.payload.output == n
            m.d.comb += [
                output.valid.eq(skid.o.valid & chosen),
                Value.cast(output.payload).eq(skid.o.payload.beat),
            ]
            with m.If(chosen):
                m.d.comb += skid.o.ready.eq(output.ready)
        return m

    def _segments(
        self, m: Module, accept: Signal, output: Value, program: Signal, start: Signal
    ) -> Signal:
        """Drives ``output``; returns "this is the last beat of the program"."""
        size = len(self._table)
        repeats = [repeat for p in self._programs for repeat in p]
        # Counters of one value keep a bit: Verilog has no signals of none.
        index = Signal(range(max(2, size)))
        beat = Signal(range(max(2, *(s.beats for s in self._table))))
        turn = Signal(range(max(2, *(repeat.count for repeat in repeats))))
        beats, turns = Signal.like(beat), Signal.like(turn)
        first, last_segment, last_repeat = Signal.like(index), Signal(), Signal()
        begins: list[int] = []
        at = 0
        with m.Switch(index):
            for p in self._programs:
                begins.append(at)
                for r, repeat in enumerate(p):
                    begin = at
                    for n, segment in enumerate(repeat.segments):
                        with m.Case(at):
                            m.d.comb += [
                                output.eq(segment.output),
                                beats.eq(segment.beats - 1),
                                turns.eq(repeat.count - 1),
                                first.eq(begin),
                                last_segment.eq(n == len(repeat.segments) - 1),
                                last_repeat.eq(r == len(p) - 1),
                            ]
                        at += 1
        segment_end = Signal()
        repeat_end = Signal()
        finished = Signal()
        m.d.comb += [
            segment_end.eq(accept & (beat == beats)),
            repeat_end.eq(segment_end & last_segment & (turn == turns)),
            finished.eq(repeat_end & last_repeat),
        ]
        with m.If(accept):
            m.d.sync += beat.eq(Mux(segment_end, 0, beat + 1))
        with m.If(segment_end):
            m.d.sync += index.eq(Mux(last_segment & ~repeat_end, first, index + 1))
            with m.If(last_segment):
                m.d.sync += turn.eq(Mux(repeat_end, 0, turn + 1))
        with m.If(start):
            with m.Switch(program):
                for n, begin in enumerate(begins):
                    with m.Case(n):
                        m.d.sync += index.eq(begin)
        return finished
