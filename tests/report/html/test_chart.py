# SPDX-License-Identifier: Apache-2.0
"""Axes of round numbers, and meters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.report.html.chart import axis, keys, meter, ticks
from tests.report.html.elements import read


@given(st.floats(0, 1e9), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_ticks_are_round_and_as_many_as_wanted(low: float, span: float, wanted: int) -> None:
    found = ticks(low, low + span, wanted)
    assert len(found) <= wanted + 1 and found == sorted(found)
    slack = 1e-6 * max(low + span, 1)
    assert all(low - slack <= tick <= low + span + slack for tick in found)


def test_round_numbers() -> None:
    assert ticks(0, 100, 8) == [0, 20, 40, 60, 80, 100]
    assert ticks(3, 11, 4) == [4, 6, 8, 10]
    assert ticks(5, 5) != []


def test_an_axis_spans_its_width() -> None:
    found = read(axis(0, 100, 10, 110, 5, 50))
    places = [float(a["x1"] or 0) for name, a in found.seen if name == "line"]
    assert places[0] == 10 and places[-1] == 110 and found.text[-1] == "100"


@pytest.mark.parametrize(("part", "width", "over"), [(1, "25.0", None), (8, "100.0", "over")])
def test_a_meter_is_full_at_the_whole(part: float, width: str, over: str | None) -> None:
    found = read(meter(part, 4))
    assert found.seen[1][1]["style"] == f"width:{width}%" and found.seen[1][1].get("class") == over
    assert read(meter(1, 0)).seen[0][1]["title"] == "0.0 %"


def test_keys_stand_beside_their_words() -> None:
    found = read(keys(("fill-red", "one <"), ("seen", "two")))
    classes = [a["class"] for _, a in found.seen]
    assert classes == ["keyed", "key fill-red", "keyed", "key seen"]
    assert found.text == [" one <", " two"]
