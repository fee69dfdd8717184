# SPDX-License-Identifier: Apache-2.0
"""What bounds a layer by prediction: the larger of engine and memory, or neither."""

import pytest

from streamhw.report.idle_cycles import LayerCycles
from streamhw.report.predicted_bound import predicted_bound


@pytest.mark.parametrize(
    ("engine", "memory", "says", "lift"),
    [
        (30.0, 80.0, "bandwidth of memory bounds a layer of 100 cycles", "at most 40.0%"),
        (60.0, 20.0, "the matmul engine bounds a layer of 100 cycles", "at most 30.0%"),
        (49.0, 40.0, "kernels that wait for each other bound", "more tokens"),
        (20.0, 130.0, "take memory 100.0%", "at most 50.0%"),
    ],
)
def test_sentences(engine: float, memory: float, says: str, lift: str) -> None:
    layer = LayerCycles(interval=100.0, engine=engine, memory=memory)
    said, would = predicted_bound(layer, 7)
    assert says in said and "position 7" in said and said.startswith("Predicted: ")
    assert lift in would and f"{engine:.1f}%" in said
