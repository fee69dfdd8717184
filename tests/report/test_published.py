# SPDX-License-Identifier: Apache-2.0
"""Published figures are consistent with themselves."""

import pytest

from streamhw.report.published import GPT2_MEDIUM, PUBLISHED, Shape, published


def test_published_totals_follow_from_their_parts() -> None:
    for figures in PUBLISHED.values():
        for figure in figures:
            if figure.total_ms is not None and figure.system.name != "CODO":
                assert figure.first_ms is not None and figure.answer is not None
                parts = figure.first_ms + figure.answer * figure.token_ms
                assert figure.total_ms == pytest.approx(parts, rel=2e-3), figure
    names = [f.system.name for f in published(GPT2_MEDIUM, 32, 32)]
    assert names == ["CODO", "StreamTensor", "Allo", "DFX", "A100", "2080 Ti", "LoopLynx"]
    assert [f.system.name for f in published(GPT2_MEDIUM, 32, 33)] == ["LoopLynx"]
    assert published(Shape(1, 2, 3, 4, 5), 32, 32) == []
