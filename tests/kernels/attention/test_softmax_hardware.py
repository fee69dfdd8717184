# SPDX-License-Identifier: Apache-2.0
"""Hardware of softmax in Amaranth's simulator."""

import numpy as np
import pytest

from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.kernels.attention.softmax_hardware import SoftmaxKernel
from streamhw.testing import Case
from tests.clocked import check_streams


@pytest.mark.parametrize("change", [{}, {"parallel_heads": 2}, {"positions": 2}, {"hidden": 1}])
@pytest.mark.parametrize(("source", "sink"), [("always", "always"), ("often", "seldom")])
def test_equals_golden(change: dict[str, int], source: str, sink: str) -> None:
    spec = SoftmaxSpec(tokens=2, heads=2, context=4, **change)
    assert isinstance(spec.create(), SoftmaxKernel)
    rng = np.random.default_rng(3)
    cases = [
        Case(
            inputs={
                "i_length": np.repeat(
                    np.array(lengths)[:, None], spec.heads // spec.parallel_heads, axis=1
                ),
                "i_hidden": np.minimum(1, np.array(lengths) - 1)[:, None].repeat(2, axis=1),
                "i": spec.source.encode(3 * rng.normal(size=(len(lengths), 2, 4))),
            },
            symbol_values={"tokens": len(lengths), "length": lengths},
        )
        for lengths in ([3, 4], [1], [2, 2])
    ]
    check_streams(spec, cases, source, sink)
