# SPDX-License-Identifier: Apache-2.0
"""Steps: what the sequencer tells all kernels about a token batch on its way through the layers."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..queue import Queue
from ..signature import lanes_of
from ..spec import raw
from .scope import Scope

__all__ = ["StepBroadcast", "StepConsumer"]


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

    A step is taken when every queue has a slot, whether it gets the step or not: readiness
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
