# SPDX-License-Identifier: Apache-2.0
"""Parts that move streams without computing: forks, loop ends, memory access, step control."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from amaranth.lib import data, wiring

from ...numerics.fixed import Fixed
from ...stream.axi.read_dma import ReadDma
from ...stream.axi.signature import command, write_data
from ...stream.axi.write_dma import WriteDma
from ...stream.control.layer_loop import LoopEntry, LoopExit
from ...stream.control.parameter_reader import ParameterReader, ParameterRun
from ...stream.control.sequencer import Sequencer
from ...stream.control.step_broadcast import (
    EngineSchedule,
    StepBroadcast,
    StepConsumer,
    run_layout,
    step_layout,
)
from ...stream.fork import Fork
from ...stream.itensor.itensor import ITensor, Loop
from ...stream.passthrough import Passthrough
from ...stream.queue import queue_latency
from ...stream.register_slice import RegisterSlice, register_slice_beats, register_slice_latency
from ...stream.signature import lanes_of
from ...stream.spec import Memory, Port, Resources, raw
from ...stream.static_demux import Repeat, StaticDemux
from ...stream.unpacker import PaddingRemover, unpack_resources
from ...stream.width import Width

__all__ = [
    "BURST",
    "READ_DMA",
    "WRITE_DMA",
    "Infrastructure",
    "context_schedule",
    "crossing",
    "cut",
    "distributor",
    "fork",
    "loop_entry",
    "loop_exit",
    "parameter_reader",
    "read_dma",
    "sequencer",
    "step_fanout",
    "unpadded",
    "width",
    "wire",
    "write_dma",
]

BURST = 16
"""Beats of the longest burst: long enough to hide a row change, short enough to share a port."""

READ_DMA, WRITE_DMA = "read DMA", "write DMA"


@dataclass(frozen=True)
class Infrastructure:
    """A part made by a function.

    label: what it is, for reports; latency: cycles that it adds to a beat on its way; rate: cycles
    a beat of its slower side
    """

    label: str
    ports: tuple[Port, ...]
    make: Callable[[], wiring.Component]
    cells: Resources
    latency: int = 1

    def resources(self) -> Resources:
        return self.cells

    def create(self) -> wiring.Component:
        return self.make()


def fork(type: ITensor, outputs: int) -> Infrastructure:
    """One stream to several readers."""
    bits = type.beat_bits
    return Infrastructure(
        "fork",
        (Port("i", type), *(Port(f"o_{n}", type) for n in range(outputs))),
        lambda: Fork(shape=lanes_of(type), outputs=outputs),
        Resources(luts=bits + 4 * outputs, ffs=2 * bits + outputs + 4),
    )


def crossing(type: ITensor, boundaries: int) -> Infrastructure:
    """A register slice from one die to another."""
    bits, places = type.beat_bits, register_slice_beats(boundaries)
    address = places.bit_length()
    return Infrastructure(
        "register slice",
        (Port("i", type), Port("o", type)),
        lambda: RegisterSlice(shape=lanes_of(type), boundaries=boundaries),
        Resources(
            luts=10 * address + 4,
            ffs=2 * boundaries * (bits + 2) + 4 * address + 4,
            memories=(Memory(bits, places, asynchronous=True),),
        ),
        latency=register_slice_latency(boundaries),
    )


def loop_entry(type: ITensor, layers: int) -> Infrastructure:
    """Where a group of tokens enters the layers."""
    made = LoopEntry(type=type, layers=layers)
    cells = Resources(luts=type.beat_bits * 2 + 60, ffs=type.beat_bits * 2 + 60)
    return Infrastructure("loop", made.ports, lambda: LoopEntry(type=type, layers=layers), cells)


def loop_exit(type: ITensor, layers: int) -> Infrastructure:
    """Where a group of tokens goes back to the first layer, or its last token leaves."""
    made = LoopExit(type=type, layers=layers)
    cells = Resources(luts=type.beat_bits * 2 + 60, ffs=type.beat_bits * 4 + 60)
    return Infrastructure("loop", made.ports, lambda: LoopExit(type=type, layers=layers), cells)


def width(type: ITensor, beat_bits: int) -> Infrastructure:
    """Memory beats cut or joined to the beats of a type."""
    bits = type.beat_bits
    wide = max(bits, beat_bits)
    return Infrastructure(
        "width",
        (Port("i", raw(beat_bits)), Port("o", type)),
        lambda: Width(width_in=beat_bits, width_out=bits),
        Resources(luts=wide * (2 if bits < beat_bits else 1) + 8, ffs=2 * wide + 4),
    )


def wire(type: ITensor) -> Infrastructure:
    """Memory beats that are beats of a type."""
    bits = type.beat_bits
    ports = (Port("i", raw(bits)), Port("o", type))
    return Infrastructure(
        "width", ports, lambda: Passthrough(width=bits), Resources(), latency=Passthrough.latency
    )


def cut(bits: int, beat_bits: int) -> Infrastructure:
    """Memory beats cut to words of ``bits``; one more may wait, so that what deals them goes on."""
    times = beat_bits // bits
    part = unpadded(ITensor(Fixed(bits, signed=False), (1,), (Loop(times, 1, 0),)), beat_bits)
    cells = part.resources()
    return replace(
        part,
        ports=(part.ports[0], Port("o", raw(bits))),
        make=lambda: PaddingRemover(width=beat_bits, part=bits, count=times, spare=True),
        cells=replace(cells, ffs=cells.ffs + beat_bits + 1),
        latency=PaddingRemover.latency + 1,
    )


def unpadded(type: ITensor, beat_bits: int) -> Infrastructure:
    """Memory beats cut to the beats of a type, without what pads the last one of an activation."""
    bits, beats = type.beat_bits, type.beats()
    return Infrastructure(
        "width",
        (Port("i", raw(beat_bits)), Port("o", type)),
        lambda: PaddingRemover(width=beat_bits, part=bits, count=beats),
        unpack_resources(width=beat_bits, part=bits, bound=beats),
        latency=PaddingRemover.latency,
    )


def read_dma(
    beat_bits: int,
    buffer: int,
    burst: int = BURST,
    begins: Sequence[int] = (0,),
    under_way: int | None = None,
) -> Infrastructure:
    """Reads memory through AXI4, striped over the buses that begin there, with so many beats under
    way at most."""
    stripes = len(begins)
    counter = under_way.bit_length() + 1 if under_way is not None and under_way < buffer else 0
    part = beat_bits // stripes
    memory = Memory(part, buffer, asynchronous=queue_latency(buffer) == 1)
    others = stripes - 1
    return Infrastructure(
        READ_DMA,
        (Port("i_command", raw(command().size)), Port("o", raw(beat_bits))),
        lambda: ReadDma(
            width=beat_bits, buffer=buffer, burst=burst, begins=begins, under_way=under_way
        ),
        Resources(
            luts=232 + 42 * others + 3 * counter * stripes,
            ffs=(225 if memory.asynchronous else 254 + part)
            + others * (76 if memory.asynchronous else 105 + part)
            + (counter + 1) * stripes,
            memories=(memory,) * stripes,
        ),
        latency=4 + queue_latency(buffer),
    )


def write_dma(beat_bits: int, burst: int = BURST, begins: Sequence[int] = (0,)) -> Infrastructure:
    """Writes memory through AXI4, striped over the buses that begin there."""
    stripes = len(begins)
    bits, part = write_data(beat_bits).size, write_data(beat_bits // stripes).size
    memory = Memory(part, 2 * burst, asynchronous=True)
    others = stripes - 1
    return Infrastructure(
        WRITE_DMA,
        (Port("i_command", raw(command().size)), Port("i_data", raw(bits)), Port("o_done", raw(1))),
        lambda: WriteDma(width=beat_bits, burst=burst, begins=begins),
        Resources(
            luts=322 + 132 * others,
            ffs=270 + bits + 121 * others,
            memories=(memory,) * stripes,
        ),
        latency=4,
    )


def distributor(
    beat_bits: int, outputs: int, programs: Sequence[Sequence[Repeat]]
) -> Infrastructure:
    """Deals the parameter stream to the kernels."""
    names = (Port(f"o_{n}", raw(beat_bits)) for n in range(outputs))
    return Infrastructure(
        "distributor",
        (Port("i", raw(beat_bits)), Port("i_program", raw(1)), *names),
        lambda: StaticDemux(width=beat_bits, programs=programs, outputs=outputs),
        Resources(luts=beat_bits + 70 + 2 * outputs, ffs=2 * beat_bits + 30),
    )


def parameter_reader(
    *, tokens: int, context: int, layers: int, body: ParameterRun, stride: int, tail: ParameterRun
) -> Infrastructure:
    """Asks for the parameters of each step."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    return Infrastructure(
        "parameter reader",
        (
            Port("i_step", raw(layout.size)),
            Port("o_command", raw(command().size)),
            Port("o_program", raw(1)),
        ),
        lambda: ParameterReader(layout=layout, body=body, stride=stride, tail=tail),
        Resources(luts=150, ffs=78),
    )


def sequencer(
    *, tokens: int, context: int, layers: int, vocabulary: int, positions: bool
) -> Infrastructure:
    """Runs prompt and answer; sends positions if some part reads them."""

    def make() -> Sequencer:
        return Sequencer(
            tokens=tokens,
            context=context,
            layers=layers,
            vocabulary=vocabulary,
            positions=positions,
        )

    made = make()
    token, position = raw(made.token_width), raw(made.position_width)
    return Infrastructure(
        "sequencer",
        (
            Port("i_next", token),
            Port("o_token", token),
            *((Port("o_position", position),) if positions else ()),
            Port("o_step", raw(made.layout.size)),
        ),
        make,
        Resources(
            luts=60 + 12 * made.position_width,
            ffs=23 + 5 * made.position_width + made.token_width,
        ),
    )


def step_fanout(
    *, tokens: int, context: int, layers: int, consumers: Sequence[StepConsumer]
) -> Infrastructure:
    """Tells every part about the step that comes to it."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    outputs = tuple(Port(f"o_{c.name}", raw(_bits(c, layout))) for c in consumers)
    return Infrastructure(
        "step fanout",
        (Port("i", raw(layout.size)), *outputs),
        lambda: StepBroadcast(layout=layout, consumers=consumers),
        Resources(luts=29 * len(consumers), ffs=9 * len(consumers)),
    )


def context_schedule(
    *, tokens: int, context: int, layers: int, body: Sequence[int], tail: Sequence[int]
) -> Infrastructure:
    """Tells a shared engine which product comes next."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    run = run_layout(contexts=1 + max((*body, *tail)), tokens=tokens)
    return Infrastructure(
        "context schedule",
        (Port("i", raw(layout.size)), Port("o", raw(run.size))),
        lambda: EngineSchedule(layout=layout, body=body, tail=tail, tokens=tokens),
        Resources(luts=25, ffs=25),
    )


def _bits(consumer: StepConsumer, layout: data.StructLayout) -> int:
    return int(consumer.payload(layout).size)
