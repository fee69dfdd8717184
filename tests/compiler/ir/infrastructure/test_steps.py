# SPDX-License-Identifier: Apache-2.0
"""Step control as parts of a design: what each word holds."""

from streamhw.compiler.ir.infrastructure.steps import (
    EngineScheduleSpec,
    SequencerSpec,
    StepBroadcastSpec,
)
from streamhw.stream.control.step_broadcast import StepConsumer
from streamhw.stream.control.step_layout import run_layout, step_layout

SIZE = {"tokens": 4, "context": 16, "layers": 2}
STEP = step_layout(**SIZE).size


def test_a_sequencer_sends_positions_only_if_they_are_read() -> None:
    with_, without = (SequencerSpec(**SIZE, vocabulary=50, positions=p) for p in (True, False))
    bits = {port.name: port.type.beat_bits for port in with_.ports}
    assert bits == {"i_next": 6, "o_token": 6, "o_position": 4, "o_step": STEP}
    assert [port.name for port in without.ports] == ["i_next", "o_token", "o_step"]


def test_every_consumer_has_a_port_of_its_fields() -> None:
    consumers = (
        StepConsumer(name="a", fields=("tokens",)),
        StepConsumer(name="b", fields=("tokens", "position")),
    )
    spec = StepBroadcastSpec(**SIZE, consumers=consumers)
    bits = {port.name: port.type.beat_bits for port in spec.ports}
    assert list(bits) == ["i", "o_a", "o_b"]
    assert bits["o_a"] < bits["o_b"] < bits["i"] == STEP


def test_a_schedule_counts_the_products_of_its_engine() -> None:
    spec = EngineScheduleSpec(**SIZE, body=(0, 1), tail=(2,))
    assert spec.ports[1].type.beat_bits == run_layout(contexts=3, tokens=4).size
