# SPDX-License-Identifier: Apache-2.0
"""The roofline as a plot: marks where their times put them, below the roofline."""

from dataclasses import replace

import pytest

from streamhw.report.html.roofline_plot import marks_of, roofline_plot
from streamhw.report.published import published
from tests.report.benches import POINT, bench
from tests.report.html.elements import read

MADE = bench().merged([POINT], ())


def test_products_and_bytes_are_those_of_the_floor() -> None:
    marks = {(mark.who, mark.phase): mark for mark in marks_of(MADE)}
    prompt = marks["this design", "prompt"]
    work = MADE.roofline.work
    assert prompt.rate == pytest.approx(work.products(32, 0) / (MADE.ms(POINT.first) / 1e3))
    assert prompt.intensity == pytest.approx(work.products(32, 0) / work.bytes(32, 0))
    token = marks["this design", "token"]
    floor = MADE.floor(POINT)[1]
    least = min(MADE.roofline.rate, token.intensity * MADE.roofline.bandwidth)
    assert token.rate / least == pytest.approx(floor / MADE.ms(POINT.token), rel=1e-3)


def test_published_points_are_slower_by_their_times() -> None:
    marks = {(mark.who, mark.phase): mark for mark in marks_of(MADE)}
    figures = published(MADE.shape, 32, 32)
    assert len(figures) == 7
    for figure in figures:
        theirs, ours = marks[figure.system.name, "token"], marks["this design", "token"]
        assert theirs.intensity == ours.intensity
        assert ours.rate / theirs.rate == pytest.approx(figure.token_ms / MADE.ms(POINT.token))
        assert ((figure.system.name, "prompt") in marks) == (figure.first_ms is not None)


def test_every_mark_is_in_the_plot_and_named() -> None:
    two = MADE.merged([replace(POINT, prompt=128, answer=128)], ())
    found = read(roofline_plot(two))
    marks = list(marks_of(two))
    circles = [a for name, a in found.seen if name == "circle"]
    assert len(circles) == len(marks)
    for circle in circles:
        assert 70 <= float(circle["cx"] or 0) <= 930 and 20 <= float(circle["cy"] or 0) <= 380
    names = [text for text in found.text if text.endswith((", token", ", prompt"))]
    assert len(names) == len(set(names)) == 2 * 6 + 1 + 2  # LoopLynx has no first token
    assert any("of memory" in text for text in found.text)


def test_without_points_there_is_no_plot() -> None:
    assert roofline_plot(bench()) == ""
