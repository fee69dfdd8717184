# SPDX-License-Identifier: Apache-2.0
"""Hardware of the scores in Amaranth's simulator."""

import numpy as np
import pytest

from streamhw.kernels.attention.scores import ScoresSpec
from streamhw.kernels.attention.scores_hardware import ScoreHead
from streamhw.testing import Case
from tests.clocked import check_streams

SIZES = {"tokens": 2, "heads": 2, "context": 4, "head_dim": 4, "shift": 6}


@pytest.mark.parametrize(
    "change", [{"lanes": 2}, {"lanes": 4, "parallel_heads": 2}, {"lanes": 4, "positions": 2}]
)
@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("often", "seldom")])
def test_equals_golden(change: dict[str, int], source: str, sink: str) -> None:
    spec, rng = ScoresSpec(**SIZES, **change), np.random.default_rng(1)
    cases = [
        Case(
            inputs={
                "i_q": rng.integers(-(1 << 15), 1 << 15, (len(lengths), 8)),
                "i_k": rng.integers(-128, 128, (4, 8)),
            },
            symbol_values={"tokens": len(lengths), "length": lengths},
        )
        for lengths in ([3, 4], [1], [2, 2])
    ]
    check_streams(spec, cases, source, sink)


def test_module_names_tell_all_parameters() -> None:
    specs = [ScoresSpec(**SIZES, lanes=lanes) for lanes in (1, 2, 4)]
    assert len({ScoreHead(spec=spec).module for spec in specs}) == 3
    assert ScoreHead(spec=specs[1]).module == "score_head_2of4_s16_s8_s18_6"
