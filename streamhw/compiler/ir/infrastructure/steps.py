# SPDX-License-Identifier: Apache-2.0
"""Step control: what runs prompt and answer, and tells every part about the step that comes."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.lib import data

from ....stream.behaviour import Behaviour
from ....stream.control.engine_schedule import EngineSchedule
from ....stream.control.sequencer import Sequencer
from ....stream.control.step_broadcast import StepBroadcast, StepConsumer
from ....stream.control.step_layout import run_layout, step_layout
from ....stream.spec import Port, Resources, Role, raw
from .spec import InfrastructureSpec

__all__ = ["EngineScheduleSpec", "SequencerSpec", "StepBroadcastSpec"]


@dataclass(frozen=True, kw_only=True)
class SequencerSpec(InfrastructureSpec):
    """Runs prompt and answer; sends ``positions`` if some part reads them."""

    label: ClassVar[str] = "sequencer"

    tokens: int
    context: int
    layers: int
    vocabulary: int
    positions: bool

    @property
    def _token_width(self) -> int:
        return max(1, (self.vocabulary - 1).bit_length())

    @property
    def _position_width(self) -> int:
        return max(1, (self.context - 1).bit_length())

    @property
    def ports(self) -> tuple[Port, ...]:
        token, position = raw(self._token_width), raw(self._position_width)
        step = step_layout(tokens=self.tokens, context=self.context, layers=self.layers)
        return (
            Port("i_next", token, Role.NEXT_TOKEN),
            Port("o_token", token, Role.TOKEN),
            *((Port("o_position", position, Role.TOKEN),) if self.positions else ()),
            Port("o_step", raw(step.size), Role.STEP),
        )

    def resources(self) -> Resources:
        return Resources(
            luts=60 + 12 * self._position_width,
            ffs=23 + 5 * self._position_width + self._token_width,
        )

    def create(self) -> Sequencer:
        return Sequencer(
            tokens=self.tokens,
            context=self.context,
            layers=self.layers,
            vocabulary=self.vocabulary,
            positions=self.positions,
        )


@dataclass(frozen=True, kw_only=True)
class StepBroadcastSpec(InfrastructureSpec):
    """Tells every consumer about the step that comes to it."""

    label: ClassVar[str] = "step fanout"

    tokens: int
    context: int
    layers: int
    consumers: tuple[StepConsumer, ...]

    @property
    def _layout(self) -> data.StructLayout:
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    @property
    def ports(self) -> tuple[Port, ...]:
        layout = self._layout
        outputs = (
            Port(f"o_{c.name}", raw(int(c.payload(layout).size)), Role.STEP) for c in self.consumers
        )
        return (Port("i", raw(layout.size), Role.STEP), *outputs)

    def behaviour(self) -> Behaviour:
        return Behaviour(queued=True)

    def resources(self) -> Resources:
        return Resources(luts=25 * len(self.consumers), ffs=9 * len(self.consumers))

    def create(self) -> StepBroadcast:
        return StepBroadcast(layout=self._layout, consumers=self.consumers)


@dataclass(frozen=True, kw_only=True)
class EngineScheduleSpec(InfrastructureSpec):
    """Tells a shared engine which of its products comes next.

    tokens, context, layers: bounds of a step; body, tail: products of a layer, and after the layers
    """

    label: ClassVar[str] = "context schedule"

    tokens: int
    context: int
    layers: int
    body: tuple[int, ...]
    tail: tuple[int, ...]

    @property
    def _layout(self) -> data.StructLayout:
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    @property
    def ports(self) -> tuple[Port, ...]:
        run = run_layout(contexts=1 + max((*self.body, *self.tail)), tokens=self.tokens)
        return (
            Port("i", raw(self._layout.size), Role.STEP),
            Port("o", raw(run.size), Role.SCHEDULE),
        )

    def resources(self) -> Resources:
        return Resources(luts=25, ffs=25)

    def create(self) -> EngineSchedule:
        return EngineSchedule(
            layout=self._layout, body=self.body, tail=self.tail, tokens=self.tokens
        )
