# SPDX-License-Identifier: Apache-2.0
"""Bench of the gather: its commands, and its rows as a memory would send them."""

import numpy as np
import pytest
from amaranth.lib import wiring

from streamhw.kernels.memory.gather import GatherSpec
from streamhw.numerics.fixed import Fixed
from streamhw.testing import Case, check_kernel
from tests.kernels.based import Based

BASE = 0x12_3400_0000


class BasedGather(GatherSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


def case(spec: GatherSpec, table: np.ndarray, index: list[int]) -> Case:
    beats = [word for i in index for word in spec.pack_row(table[i])]
    inputs = {"i_index": np.array(index), "i_data": np.array(beats, dtype=object)}
    return Case(inputs=inputs, symbol_values={"tokens": len(index)})


@pytest.mark.parametrize(
    "features, lanes, width",
    [(12, 2, 64), (12, 2, 128), (8, 8, 128), (24, 1, 16), (20, 4, 512), (2, 2, 64)],
)
def test_hardware_equals_golden(features: int, lanes: int, width: int) -> None:
    spec = BasedGather(
        tokens=4,
        rows=21,
        features=features,
        lanes=lanes,
        fmt=Fixed(16, 12),
        width=width,
        offset=width * 3,
    )
    rng = np.random.default_rng(features)
    table = rng.integers(-(1 << 15), 1 << 15, (21, features))
    cases = [case(spec, table, i) for i in ([20, 0, 9, 9], [7], [3, 3], [4, 5, 6])]
    for c, index in zip(cases, ([20, 0, 9, 9], [7]), strict=False):
        assert (spec.compute(c.inputs, c.symbol_values)["o"] == table[index]).all()
    check_kernel(spec, cases)


def test_wider_output_holds_the_same_numbers() -> None:
    spec = BasedGather(
        tokens=4, rows=9, features=8, lanes=4, fmt=Fixed(16, 12), out=Fixed(24, 15), width=128
    )
    table = np.random.default_rng(3).integers(-(1 << 15), 1 << 15, (9, 8))
    table[0] = [-(1 << 15), (1 << 15) - 1] * 4
    cases = [case(spec, table, i) for i in ([0, 8, 0, 1], [7], [3, 3], [4, 5, 6])]
    assert (spec.compute(cases[0].inputs, {"tokens": 4})["o"][0] == table[0] << 3).all()
    check_kernel(spec, cases)


@pytest.mark.parametrize(
    "change, text",
    [
        ({"out": Fixed(16, 2)}, "out must hold every s16, not s16.2"),
        ({"rows": 0}, "rows must be at least 1, not 0"),
        ({"lanes": 5}, "lanes must divide 8 elements, not 5"),
        ({"width": 48}, "width must be a multiple of 32 bits and 8, not 48"),
        ({"offset": 4}, "offset must be a multiple of 8 bytes, not 4"),
    ],
)
def test_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    good = {"tokens": 1, "rows": 4, "features": 8, "lanes": 2, "width": 64, "offset": 0}
    with pytest.raises(ValueError, match=text):
        GatherSpec(**{**good, **change}, fmt=Fixed(16))
