# SPDX-License-Identifier: Apache-2.0
"""Levels of netlists with known answers; ``tests/kernels/test_levels.py`` has those of designs."""

from typing import Any

import pytest

from streamhw.synthesis.levels import measure
from tests.synthesis.netlists import ff, lut, module


def shift_register(q: int, d: int) -> dict[str, Any]:
    """As Yosys leaves it: without directions of its ports."""
    connections = {"C": [1], "D": [d], "E": ["1"], "L": ["0"], "Q": [q]}
    return {"type": "$__XILINX_SHREG_", "connections": connections}


@pytest.mark.parametrize("count", [1, 3])
def test_luts_between_registers(count: int) -> None:
    luts = [lut(11 + n, 10 + n) for n in range(count)]
    found = measure(module([ff(10), *luts, ff(30, D=10 + count)]), {})
    assert found.longest.levels == count


def test_a_shift_register_ends_a_path() -> None:
    cells = [ff(10), lut(11, 10), lut(12, 11), shift_register(13, 12), lut(14, 13), ff(15, D=14)]
    assert measure(module(cells), {}).longest.levels == 2
