# SPDX-License-Identifier: Apache-2.0
"""Bits of a step and of what is taken from it."""

from streamhw.stream.control.step_layout import loop_layout, run_layout, span_layout, step_layout


def test_fields_have_room_for_their_largest_values() -> None:
    step = step_layout(tokens=3, context=20, layers=5)
    assert {name: field.width for name, field in step} == {
        "tail": 1,
        "head": 1,
        "tokens": 2,
        "position": 5,
        "layer": 3,
    }
    assert [name for name, _ in span_layout(tokens=4, context=20)] == ["tokens", "position"]
    assert span_layout(tokens=4, context=20).size == 3 + 5
    assert run_layout(contexts=5, tokens=1).size == 3 + 1
    assert loop_layout(tokens=1, layers=9).size == 1 + 1 + 4


def test_a_model_of_one_layer_and_context_still_has_its_fields() -> None:
    """Nets of zero bits draw warnings from simulators."""
    assert all(field.width > 0 for _, field in step_layout(tokens=1, context=1, layers=1))
    assert run_layout(contexts=1, tokens=1).size == 2
