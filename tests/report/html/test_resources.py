# SPDX-License-Identifier: Apache-2.0
"""Cells of every part, in all, and what the board has."""

from streamhw.report.html.resources import KINDS, resources
from streamhw.report.summary import Summary
from tests.report.html.elements import read


def test_every_part_and_the_sum(summary: Summary) -> None:
    found = read(resources(summary))
    words = " ".join(found.text)
    kinds = sum(summary.budget[field] > 0 for _, field in KINDS)
    # A heading and a row for each kind of cells; a heading, all parts, queues and the sum.
    assert sum(name == "tr" for name, _ in found.seen) == 1 + kinds + 1 + len(summary.kernels) + 2
    assert all(row.name in words for row in summary.kernels)
    for name, field in KINDS:
        if summary.budget[field]:
            assert f"{getattr(summary.total, field):,}" in words and name in words
    assert f"what {summary.board} has" in words
