# SPDX-License-Identifier: Apache-2.0
"""Orders that go through memory, and kernels with a base."""

import numpy as np
from amaranth.lib import wiring

from streamhw.kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.kernels.based import Based

BASE = 0x12_3400_0000


TOKENS = Symbol("tokens", 3)


ROWS = row_major(Fixed(8), (TOKENS, 24), 4)


TILES = ITensor(Fixed(24), (1, 4), (Loop(3, 8, 1), Loop(TOKENS, 1, 0), Loop(2, 4, 1)))


COLUMNS = ITensor(Fixed(8), (1, 8), (Loop(2), Loop(3, 8, 1), Loop(TOKENS, 1, 0)))


ROW = row_major(Fixed(8), (1, 16), 4)


PAIRS = [
    (ROWS, ROWS, 64),
    (ROWS, COLUMNS, 64),
    (TILES, row_major(Fixed(24), (TOKENS, 24), 4), 512),
    (ROW, ROW, 32),
]


NAMES = ["rows", "columns", "tiles", "one row"]


class BasedWrite(SpillWriteSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


class BasedRead(SpillReadSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


def numbers(spec: SpillWriteSpec | SpillReadSpec, tokens: int) -> dict[str, np.ndarray]:
    return {} if spec.layout.symbol is None else {"i_tokens": np.array([tokens])}


def values(type: ITensor, tokens: int, seed: int) -> np.ndarray:
    shape = (tokens if type.symbols else type.tensor_shape()[0], type.tensor_shape()[1])
    low, high = type.fmt.minimum, type.fmt.maximum
    return np.random.default_rng(seed).integers(low, high + 1, shape)
