# SPDX-License-Identifier: Apache-2.0
"""Parts that move streams without computing: forks, loop ends, memory access, step control."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.lib import data, wiring

from ..kernels.base import Memory, Port, Resources, raw
from ..stream.axi.read import ReadDma
from ..stream.axi.signature import command, write_data
from ..stream.axi.write import WriteDma
from ..stream.distribute import Distributor, Repeat
from ..stream.fork import Fork
from ..stream.itensor import ITensor
from ..stream.loop import LoopEntry, LoopExit
from ..stream.parameters import ParameterReader, Run
from ..stream.sequencer import Sequencer
from ..stream.signature import lanes_of
from ..stream.step import ContextSchedule, StepConsumer, StepFanout, run_layout, step_layout
from ..stream.width import Width

__all__ = [
    "Plumbing",
    "context_schedule",
    "distributor",
    "fork",
    "loop_entry",
    "loop_exit",
    "parameter_reader",
    "read_dma",
    "sequencer",
    "step_fanout",
    "width",
    "write_dma",
]

BURST = 16
"""Beats of the longest burst: long enough to hide a row change, short enough to share a port."""


@dataclass(frozen=True)
class Plumbing:
    """A part made by a function.

    kind: what it is, for reports; latency: cycles that it adds to a beat on its way; rate: cycles
    a beat of its slower side
    """

    kind: str
    ports: tuple[Port, ...]
    make: Callable[[], wiring.Component]
    cells: Resources
    latency: int = 1

    def resources(self) -> Resources:
        return self.cells

    def create(self) -> wiring.Component:
        return self.make()


def fork(type: ITensor, outputs: int) -> Plumbing:
    """One stream to several readers."""
    bits = type.bits_per_token
    return Plumbing(
        "fork",
        (Port("i", type), *(Port(f"o_{n}", type) for n in range(outputs))),
        lambda: Fork(shape=lanes_of(type), outputs=outputs),
        Resources(luts=bits + 4 * outputs, ffs=2 * bits + outputs + 4),
    )


def loop_entry(type: ITensor, layers: int) -> Plumbing:
    """Where a group of tokens enters the layers."""
    made = LoopEntry(type=type, layers=layers)
    cells = Resources(luts=type.bits_per_token * 2 + 60, ffs=type.bits_per_token * 2 + 60)
    return Plumbing("loop", made.ports, lambda: LoopEntry(type=type, layers=layers), cells)


def loop_exit(type: ITensor, layers: int) -> Plumbing:
    """Where a group of tokens goes back to the first layer, or its last token leaves."""
    made = LoopExit(type=type, layers=layers)
    cells = Resources(luts=type.bits_per_token * 2 + 60, ffs=type.bits_per_token * 4 + 60)
    return Plumbing("loop", made.ports, lambda: LoopExit(type=type, layers=layers), cells)


def width(type: ITensor, beat_bits: int) -> Plumbing:
    """Memory beats cut or joined to the beats of a type."""
    bits = type.bits_per_token
    wide = max(bits, beat_bits)
    return Plumbing(
        "width",
        (Port("i", raw(beat_bits)), Port("o", type)),
        lambda: Width(width_in=beat_bits, width_out=bits),
        Resources(luts=wide + 20, ffs=2 * wide + 20),
    )


def read_dma(beat_bits: int, buffer: int) -> Plumbing:
    """Reads memory through AXI4."""
    return Plumbing(
        "read DMA",
        (Port("i_command", raw(command().size)), Port("o", raw(beat_bits))),
        lambda: ReadDma(width=beat_bits, buffer=buffer, burst=BURST),
        Resources(luts=260, ffs=220 + beat_bits, memories=(Memory(beat_bits, buffer),)),
        latency=5,
    )


def write_dma(beat_bits: int) -> Plumbing:
    """Writes memory through AXI4."""
    bits = write_data(beat_bits).size
    return Plumbing(
        "write DMA",
        (Port("i_command", raw(command().size)), Port("i_data", raw(bits)), Port("o_done", raw(1))),
        lambda: WriteDma(width=beat_bits, burst=BURST),
        Resources(luts=300, ffs=240 + bits, memories=(Memory(bits, 2 * BURST),)),
        latency=8,
    )


def distributor(beat_bits: int, outputs: int, programs: Sequence[Sequence[Repeat]]) -> Plumbing:
    """Deals the parameter stream to the kernels."""
    names = (Port(f"o_{n}", raw(beat_bits)) for n in range(outputs))
    return Plumbing(
        "distributor",
        (Port("i", raw(beat_bits)), Port("i_program", raw(1)), *names),
        lambda: Distributor(width=beat_bits, programs=programs),
        Resources(luts=beat_bits + 120, ffs=beat_bits + 80),
    )


def parameter_reader(
    *, tokens: int, context: int, layers: int, body: Run, stride: int, tail: Run
) -> Plumbing:
    """Asks for the parameters of each step."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    return Plumbing(
        "parameter reader",
        (
            Port("i_step", raw(layout.size)),
            Port("o_command", raw(command().size)),
            Port("o_program", raw(1)),
        ),
        lambda: ParameterReader(layout=layout, body=body, stride=stride, tail=tail),
        Resources(luts=140, ffs=160),
    )


def sequencer(*, tokens: int, context: int, layers: int, vocabulary: int) -> Plumbing:
    """Runs prompt and answer."""
    made = Sequencer(tokens=tokens, context=context, layers=layers, vocabulary=vocabulary)
    token, position = raw(made.token_width), raw(made.position_width)
    return Plumbing(
        "sequencer",
        (
            Port("i_next", token),
            Port("o_token", token),
            Port("o_position", position),
            Port("o_step", raw(made.layout.size)),
        ),
        lambda: Sequencer(tokens=tokens, context=context, layers=layers, vocabulary=vocabulary),
        Resources(luts=300, ffs=200),
    )


def step_fanout(
    *, tokens: int, context: int, layers: int, consumers: Sequence[StepConsumer]
) -> Plumbing:
    """Tells every part about the step that comes to it."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    outputs = tuple(Port(f"o_{c.name}", raw(_bits(c, layout))) for c in consumers)
    return Plumbing(
        "step fanout",
        (Port("i", raw(layout.size)), *outputs),
        lambda: StepFanout(layout=layout, consumers=consumers),
        Resources(luts=40 * len(consumers), ffs=12 * len(consumers)),
    )


def context_schedule(
    *, tokens: int, context: int, layers: int, body: Sequence[int], tail: Sequence[int]
) -> Plumbing:
    """Tells a shared engine which product comes next."""
    layout = step_layout(tokens=tokens, context=context, layers=layers)
    run = run_layout(contexts=1 + max((*body, *tail)), tokens=tokens)
    return Plumbing(
        "context schedule",
        (Port("i", raw(layout.size)), Port("o", raw(run.size))),
        lambda: ContextSchedule(layout=layout, body=body, tail=tail, tokens=tokens),
        Resources(luts=30, ffs=40),
    )


def _bits(consumer: StepConsumer, layout: data.StructLayout) -> int:
    return int(consumer.payload(layout).size)
