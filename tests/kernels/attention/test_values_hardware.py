# SPDX-License-Identifier: Apache-2.0
"""Hardware of the values in Amaranth's simulator."""

import numpy as np
import pytest

from streamhw.kernels.attention.values import ValuesSpec
from streamhw.kernels.attention.values_hardware import ValueHead
from streamhw.testing import Case
from tests.clocked import check_streams

SIZES = {"tokens": 2, "heads": 2, "context": 4, "head_dim": 4, "shift": 17}


@pytest.mark.parametrize(
    "change",
    [
        {"lanes": 2, "out_lanes": 1},
        {"lanes": 4, "out_lanes": 8, "parallel_heads": 2},
        {"lanes": 4, "out_lanes": 4, "positions": 2, "fabric_positions": 1},
    ],
)
@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("often", "seldom")])
def test_equals_golden(change: dict[str, int], source: str, sink: str) -> None:
    spec, rng = ValuesSpec(**SIZES, **change), np.random.default_rng(2)
    groups = spec.heads // spec.parallel_heads
    cases = [
        Case(
            inputs={
                "i_length": np.repeat(np.array(lengths)[:, None], groups, axis=1),
                "i_p": rng.integers(0, 1 << 16, (len(lengths), 2, 4)),
                "i_v": rng.integers(-128, 128, (4, 8)),
            },
            symbol_values={"tokens": len(lengths), "length": lengths},
        )
        for lengths in ([3, 4], [1], [2, 2])
    ]
    check_streams(spec, cases, source, sink)


def test_module_names_tell_all_parameters() -> None:
    names = {
        ValueHead(spec=ValuesSpec(**SIZES, lanes=4, out_lanes=4, **change)).module
        for change in ({}, {"positions": 2}, {"positions": 2, "fabric_positions": 1})
    }
    assert len(names) == 3
