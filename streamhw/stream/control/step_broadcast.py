# SPDX-License-Identifier: Apache-2.0
"""Steps: what the sequencer tells all kernels about a token batch on its way through the layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ..itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ..queue import Queue
from ..signature import lanes_of
from ..skid import Skid
from ..spec import KernelSpec, Port, Resources, Role, Tensors, Timing, raw
from .scope import Scope

__all__ = [
    "CausalLengths",
    "EngineSchedule",
    "StepBroadcast",
    "StepConsumer",
    "loop_layout",
    "run_layout",
    "span_layout",
    "step_layout",
]


def step_layout(*, tokens: int, context: int, layers: int) -> data.StructLayout:
    """A step: ``tokens`` tokens from ``position`` on pass layer ``layer``, or, if ``tail``, the
    last of them passes what follows the layers; ``head``: the step goes on to the tail.
    """
    return data.StructLayout(
        {
            "tail": 1,
            "head": 1,
            "tokens": range(tokens + 1),
            "position": range(max(2, context)),
            "layer": range(max(2, layers)),
        }
    )


def run_layout(*, contexts: int, tokens: int) -> data.StructLayout:
    """A command of the shared matmul: run a context on so many tokens."""
    return data.StructLayout({"context": range(max(2, contexts)), "tokens": range(tokens + 1)})


def span_layout(*, tokens: int, context: int) -> data.StructLayout:
    """Positions of a group: ``tokens`` of them from ``position`` on."""
    return data.StructLayout({"tokens": range(tokens + 1), "position": range(max(2, context))})


def loop_layout(*, tokens: int, layers: int) -> data.StructLayout:
    """What the ends of the loop over layers need of a step."""
    return data.StructLayout(
        {"head": 1, "tokens": range(tokens + 1), "layer": range(max(2, layers))}
    )


@dataclass(frozen=True, kw_only=True)
class StepConsumer:
    """A reader of the step stream, on output ``o_<name>``.

    scope: which steps it gets; no part before the layers sees any
    fields: the fields of the step that it gets, in the order of the layout; none: the whole step;
        one: a plain unsigned number (``raw``), as ports ``i_<symbol>`` take it
    depth: steps that may wait for this consumer while others go on
    """

    name: str
    scope: Scope = Scope.SHARED
    fields: tuple[str, ...] = ()
    depth: int = 2

    def __post_init__(self) -> None:
        if self.scope is Scope.ENTRY:
            raise ValueError(f"StepConsumer {self.name} scope must be of a step, not entry")

    def payload(self, layout: data.StructLayout) -> data.Layout:
        """Layout of the beats of this consumer."""
        missing = set(self.fields) - set(layout.members)
        if missing:
            raise ValueError(
                f"StepConsumer {self.name} fields must be of {list(layout.members)}, "
                f"not {sorted(missing)}"
            )
        if not self.fields:
            return layout
        if len(self.fields) == 1:
            return lanes_of(raw(layout[self.fields[0]].width))
        return data.StructLayout({n: s for n, s in layout.members.items() if n in self.fields})

    def project(self, step: data.View) -> Value:
        """The bits of this consumer's beat."""
        names = [n for n in step.shape().members if not self.fields or n in self.fields]
        return Cat(Value.cast(step[name]) for name in names)


class StepBroadcast(wiring.Component):
    """Gives each consumer its steps, and of them its fields, through a queue of its own.

    A step is taken when every queue has a place, whether it gets the step or not: readiness
    then comes from registers alone.

    Parameters  layout: of a step (``step_layout``); consumers: see ``StepConsumer``
    Members     i: In(stream of ``layout``)   o_<name>: Out(stream of the consumer's payload)
    Timing      latency = 1 cycle; one step a cycle
    Buffers     ``depth`` beats a consumer
    Stalls      lossless; a consumer that is ``depth`` steps late stops the others
    Raises      ValueError: if two consumers have one name, there are none, or a field is unknown
    """

    def __init__(self, *, layout: data.StructLayout, consumers: Sequence[StepConsumer]):
        names = [consumer.name for consumer in consumers]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"StepFanout consumers must have different names, not {names}")
        self._consumers = tuple(consumers)
        super().__init__(
            {
                "i": In(stream.Signature(layout)),
                **{f"o_{c.name}": Out(stream.Signature(c.payload(layout))) for c in consumers},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = self.i.payload
        queues = []
        for consumer in self._consumers:
            output = getattr(self, f"o_{consumer.name}")
            queue = Queue(shape=output.payload.shape(), depth=consumer.depth)
            m.submodules[consumer.name] = queue
            wiring.connect(m, queue.o, wiring.flipped(output))
            queues.append(queue)
        m.d.comb += self.i.ready.eq(Cat(queue.i.ready for queue in queues).all())
        for consumer, queue in zip(self._consumers, queues, strict=True):
            seen = {Scope.BODY: ~step.tail, Scope.TAIL: step.tail, Scope.SHARED: 1}
            m.d.comb += [
                queue.i.valid.eq(self.i.valid & self.i.ready & seen[consumer.scope]),
                Value.cast(queue.i.payload).eq(consumer.project(step)),
            ]
        return m


@dataclass(frozen=True, kw_only=True)
class CausalLengths(KernelSpec):
    """The causal length of each row of attention: token t of a group sees position + t + 1. Or
    how often ``positions`` of them pass: that divided, and rounded up.

    Shapes      i: {tokens, position} (``span_layout``); o: [tokens, heads], one value a beat
    Formats     unsigned
    Parameters  tokens, context: bounds; heads: rows of a token; positions: a power of two
    Timing      interval = tokens * heads cycles; latency = 2 cycles; drain = tokens * heads + 1
    Buffers     2 values, in registers
    Stalls      lossless; output independent of stalls; no combinational path between ports
    Raises      ValueError: if a parameter is less than 1, or positions no power of two
    """

    tokens: int
    context: int
    heads: int
    positions: int = 1

    def __post_init__(self) -> None:
        if min(self.tokens, self.context, self.heads, self.positions) < 1:
            raise ValueError(f"Lengths parameters must be at least 1, not {self}")
        if self.positions & (self.positions - 1):
            raise ValueError(f"Lengths positions must be a power of two, not {self.positions}")

    @property
    def layout(self) -> data.StructLayout:
        """Payload of ``i``."""
        return span_layout(tokens=self.tokens, context=self.context)

    @property
    def ports(self) -> tuple[Port, ...]:
        loops = (Loop(Symbol("tokens", self.tokens), 1, 0), Loop(self.heads, 1, 1))
        longest = -(-self.context // self.positions)
        fmt = Fixed(longest.bit_length(), signed=False)
        return (
            Port("i", raw(self.layout.size), Role.STEP, fields=tuple(self.layout.members)),
            Port("o", ITensor(fmt, (1, 1), loops)),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        span = self.layout.from_bits(int(np.asarray(inputs["i"]).flat[0]))
        lengths = np.zeros((self.tokens, self.heads), dtype=np.int64)
        for t in range(span.tokens):
            lengths[t] = -(-(span.position + t + 1) // self.positions)
        return {"o": lengths}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.port("o").type.beats(symbol_values)
        return Timing(latency=2, interval=beats, drain=beats + 1)

    def resources(self) -> Resources:
        bits = 3 * self.context.bit_length() + self.tokens.bit_length() + self.heads.bit_length()
        return Resources(luts=2 * bits, ffs=bits + 4)

    def create(self) -> "CausalLengthsKernel":
        return CausalLengthsKernel(self)


class CausalLengthsKernel(wiring.Component):
    """Hardware of ``CausalLengths``: counters of heads and tokens before a skid buffer."""

    def __init__(self, spec: CausalLengths):
        self._spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        span = data.View(spec.layout, Value.cast(self.i.payload))
        m.submodules.skid = skid = Skid(shape=spec.port("o").type.fmt.shape)
        active = Signal()
        length = Signal(range(spec.context + 1))
        left = Signal(range(spec.tokens + 1))
        head = Signal(range(max(2, spec.heads)))  # a net of zero bits draws warnings
        row_end, ending = Signal(), Signal()
        rounds: Value = length
        if spec.positions > 1:
            rounds = length + spec.positions - 1 >> ceil_log2(spec.positions)
        m.d.comb += [
            row_end.eq(active & skid.i.ready & (head == spec.heads - 1)),
            ending.eq(row_end & (left == 1)),
            self.i.ready.eq(~active | ending),
            skid.i.valid.eq(active),
            skid.i.payload.eq(rounds),
            Value.cast(self.o.payload).eq(skid.o.payload),
            self.o.valid.eq(skid.o.valid),
            skid.o.ready.eq(self.o.ready),
        ]
        with m.If(active & skid.i.ready):
            m.d.sync += head.eq(Mux(row_end, 0, head + 1))
        with m.If(row_end):
            m.d.sync += [length.eq(length + 1), left.eq(left - 1)]
        with m.If(self.i.ready):
            m.d.sync += [
                active.eq(self.i.valid),
                left.eq(span.tokens),
                length.eq(span.position + 1),
            ]
        return m


class EngineSchedule(wiring.Component):
    """Commands the shared matmul: its contexts of a step, in order.

    Parameters  layout: of the step stream; body: contexts of a body step; tail: of a tail step,
                each with one token; one of the two may be empty; tokens: bound
    Members     i: In(stream of ``layout``)   o: Out(stream of ``run_layout``)
    Timing      latency = 2 cycles; one command a cycle
    Buffers     2 commands, in registers
    Stalls      lossless; no combinational path between ports
    Raises      ValueError: if there is no context or a negative one
    """

    def __init__(
        self, *, layout: data.StructLayout, body: Sequence[int], tail: Sequence[int], tokens: int
    ):
        self._body, self._tail = tuple(body), tuple(tail)
        if min((*body, *tail), default=-1) < 0:
            raise ValueError(
                f"ContextSchedule must have contexts, all at least 0, not {self._body} and "
                f"{self._tail}"
            )
        self.command = run_layout(contexts=1 + max((*body, *tail)), tokens=tokens)
        super().__init__(
            {"i": In(stream.Signature(layout)), "o": Out(stream.Signature(self.command))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step = self.i.payload
        table = (*self._body, *self._tail)
        m.submodules.skid = skid = Skid(shape=self.command)
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        active = Signal()
        index = Signal(range(max(2, len(table))))  # a net of zero bits draws warnings
        tokens = Signal.like(step.tokens)
        last = Signal()
        with m.Switch(index):
            for n, context in enumerate(table):
                with m.Case(n):
                    m.d.comb += skid.i.payload.context.eq(context)
                    m.d.comb += last.eq(n in (len(self._body) - 1, len(table) - 1))
        m.d.comb += [
            skid.i.valid.eq(active),
            skid.i.payload.tokens.eq(tokens),
            self.i.ready.eq(~active | (last & skid.i.ready)),
        ]
        with m.If(active & skid.i.ready):
            m.d.sync += index.eq(index + 1)
        mine = Signal()
        if self._body and self._tail:
            m.d.comb += mine.eq(1)
        else:
            m.d.comb += mine.eq(step.tail if self._tail else ~step.tail)
        with m.If(self.i.ready):
            m.d.sync += [
                active.eq(self.i.valid & mine),
                index.eq(Mux(step.tail, len(self._body), 0)),
                tokens.eq(Mux(step.tail, 1, step.tokens)),
            ]
        return m
