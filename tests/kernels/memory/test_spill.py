# SPDX-License-Identifier: Apache-2.0
"""Bench of the spill kernels: commands and data, alone."""

import numpy as np
import pytest

from streamhw.kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop
from streamhw.testing import Case, check_kernel
from tests.kernels.memory.spills import (
    NAMES,
    PAIRS,
    ROWS,
    TOKENS,
    BasedRead,
    BasedWrite,
    numbers,
    values,
)


@pytest.mark.parametrize("source, target, width", PAIRS, ids=NAMES)
def test_write_equals_golden(source: ITensor, target: ITensor, width: int) -> None:
    spec = BasedWrite(source=source, target=target, width=width, offset=5 * width)
    one = np.zeros(1, dtype=np.int64)
    cases = []
    for n in (1, 3, 2, 3):
        symbol_values = {"tokens": n}
        done = np.zeros(spec.layout.writes(symbol_values), dtype=np.int64)
        inputs = numbers(spec, n) | {"i": values(source, n, n), "i_done": done, "i_free": one}
        cases.append(Case(inputs=inputs, symbol_values=symbol_values))
    check_kernel(spec, cases, timing=False)


@pytest.mark.parametrize("source, target, width", PAIRS, ids=NAMES)
def test_read_equals_golden(source: ITensor, target: ITensor, width: int) -> None:
    spec = BasedRead(source=source, target=target, width=width, offset=5 * width)
    rng = np.random.default_rng(width)
    cases = []
    for n in (1, 3, 2):
        words = [
            int.from_bytes(rng.bytes(width // 8), "little") for _ in range(spec.layout.beats(n))
        ]
        inputs = numbers(spec, n) | {
            "i_written": np.zeros(1, dtype=np.int64),
            "i_data": np.array(words * spec.layout.passes, dtype=object),
        }
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n}))
    check_kernel(spec, cases, timing=False)


def test_orders_without_a_layout_are_refused() -> None:
    narrow = ITensor(Fixed(8), (1, 2), (Loop(12, 2, 1), Loop(TOKENS, 1, 0)))
    with pytest.raises(ValueError, match=r"^target must be an order in which 1x4:s8 .* not 1x2"):
        SpillWriteSpec(source=ROWS, target=narrow, width=64)
    with pytest.raises(ValueError, match=r"^offset must be a multiple of 8 bytes, not 4"):
        SpillReadSpec(source=ROWS, target=ROWS, width=64, offset=4)
    with pytest.raises(ValueError, match=r"^width must be a power of two of at least 8, not 24"):
        SpillReadSpec(source=ROWS, target=ROWS, width=24)
