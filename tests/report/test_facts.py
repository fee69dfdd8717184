# SPDX-License-Identifier: Apache-2.0
"""What facts say of themselves: which parts pass values on, when an activity is."""

from dataclasses import replace

import pytest

from streamhw.report.facts import ActivityFacts, Facts, PartFacts, PartKind, ValueFacts
from streamhw.stream.control.scope import Scope


@pytest.mark.parametrize("kind", PartKind)
def test_converters_forks_and_slices_pass_values_on(kind: PartKind) -> None:
    part = PartFacts(name="a", kind=kind, label="A", scope=Scope.BODY)
    assert part.passes is (kind in (PartKind.CONVERTER, PartKind.FORK, PartKind.REGISTER_SLICE))


def test_an_activity_knows_its_activation() -> None:
    at = (0.0, 1.0)
    layer = ActivityFacts(scope=Scope.BODY, layer=3, task="a", resource="a", input=at, output=at)
    assert layer.invocation == "layer 3"
    assert replace(layer, scope=Scope.TAIL, layer=None).invocation == "tail"


def test_bits_of_a_value_add_up() -> None:
    value = ValueFacts(value="x", original=100, converters=1, fifos=20, spilled=300)
    assert value.on_chip == 321


def test_parts_are_found_by_name(facts: Facts) -> None:
    part = facts.part("norm_1")
    assert part is not None and part.name == "norm_1" and facts.part("nothing") is None
    stream = next(stream for stream in facts.streams if stream.name == "norm_1_i")
    assert stream.bits == stream.consumed.beat_bits
