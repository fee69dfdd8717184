# SPDX-License-Identifier: Apache-2.0
"""The timeline: before the layers, one layer, behind them, predicted and measured."""

from dataclasses import replace

from streamhw.report.facts import Facts
from streamhw.report.html.timeline import timeline
from streamhw.report.measured import Measured
from streamhw.stream.control.scope import Scope
from tests.report.html.elements import read


def test_one_layer_stands_for_all(facts: Facts) -> None:
    found = read(timeline(facts, None))
    heads = [text for text in found.text if ": cycles " in text and "\n" not in text]
    assert [head.split(":")[0] for head in heads] == ["Entry", "Layer 1", "Tail"]
    tasks = {a.task for a in facts.activities if a.layer in (None, 1)}
    assert tasks <= set(found.text)
    assert "A run with --check adds measured cycles." in " ".join(found.text)


def test_a_single_layer_is_shown(facts: Facts) -> None:
    one = tuple(a for a in facts.activities if a.layer in (None, 0))
    text = timeline(replace(facts, layers=1, activities=one), None)
    assert "Layer 0: cycles" in text


def test_measured_spans_lie_in_their_layer(facts: Facts, measured: Measured) -> None:
    """Of the second layer, since that is shown; of a product by its own name."""
    text = timeline(facts, measured)
    begin = min(a.input[0] for a in facts.activities if a.scope is Scope.BODY and a.layer == 1)
    assert text.count('class="seen"') == 2
    for first, last in ((405, 420), (430, 460)):
        assert f"measured {first - begin:,.0f} to {last - begin:,.0f}" in text
    assert "900 cycles to the first token" in text


def test_colors_follow_kinds(facts: Facts) -> None:
    found = read(timeline(facts, None))
    classes = [a.get("class") for name, a in found.seen if name == "g" and "data-tip" in a]
    assert {"product", "converter", None} <= set(classes)
