# SPDX-License-Identifier: Apache-2.0
"""Split: hardware against golden under the stall matrix, golden against slices, errors."""

import numpy as np
import pytest

from streamhw.kernels.elementwise.split import SplitSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.itensor.slicing import chunk
from streamhw.testing import Case, check_kernel

FMT = Fixed(8)


def matmul_output(tokens, blocks=6, rows=4, lanes=2):
    """Column blocks outermost, as a matrix engine sends them."""
    nest = (Loop(blocks, rows, 1), Loop(tokens, 1, 0), Loop(rows // lanes, lanes, 1))
    return ITensor(FMT, (1, lanes), nest)


def random_case(spec, symbol_values=None):
    rng = np.random.default_rng(7 + len(symbol_values or {}))
    shape = spec.type.tensor_shape()
    inputs = {"i": rng.integers(-128, 128, shape)}
    inputs |= {f"i_{name}": np.array([value]) for name, value in (symbol_values or {}).items()}
    return Case(inputs=inputs, symbol_values=symbol_values or {})


def test_bench_with_tokens():
    spec = SplitSpec(type=matmul_output(Symbol("tokens", 3)), formats=(FMT,) * 3)
    check_kernel(spec, [random_case(spec, {"tokens": n}) for n in (3, 1, 2, 2, 2)])


def test_bench_narrower_parts_saturate():
    wide = ITensor(Fixed(12), (1, 2), (Loop(6, 2, 1), Loop(2, 1, 0)))
    spec = SplitSpec(type=wide, formats=(Fixed(12, 3), Fixed(8), Fixed(10)))
    rng = np.random.default_rng(11)
    check_kernel(spec, [Case(inputs={"i": rng.integers(-2048, 2048, (2, 12))}) for _ in range(4)])


def test_bench_static():
    spec = SplitSpec(type=matmul_output(2), formats=(FMT,) * 2)
    check_kernel(spec, [random_case(spec) for _ in range(4)])


def test_bench_one_beat_a_part():
    spec = SplitSpec(type=row_major(FMT, [2, 1]), formats=(FMT,) * 2)
    check_kernel(spec, [random_case(spec) for _ in range(4)])


def test_bench_one_beat_a_part_with_tokens():
    spec = SplitSpec(
        type=matmul_output(Symbol("tokens", 2), blocks=2, rows=1, lanes=1), formats=(FMT,) * 2
    )
    check_kernel(spec, [random_case(spec, {"tokens": n}) for n in (1, 1, 1, 2, 2)])


def test_bench_groups_of_one():
    """A symbol that is always 1 needs no value."""
    spec = SplitSpec(type=matmul_output(Symbol("tokens", 1)), formats=(FMT,) * 2)
    assert [port.name for port in spec.ports] == ["i", "o_0", "o_1"]
    check_kernel(spec, [random_case(spec) for _ in range(3)])


def test_parts_are_chunks_in_order():
    for tokens in (Symbol("tokens", 3), 2):
        spec = SplitSpec(type=matmul_output(tokens), formats=(FMT,) * 3)
        chunks = chunk(spec.type, spec.parts, dim=1)
        assert chunks.is_in_order and chunks.part.is_same_stream(spec.part)


def test_parts_are_column_slices():
    spec = SplitSpec(type=matmul_output(Symbol("tokens", 3)), formats=(FMT,) * 3)
    x = np.arange(3 * 24).reshape(3, 24)
    parts = spec.compute({"i": x}, {"tokens": 3})
    for index in range(3):
        assert np.array_equal(parts[f"o_{index}"], x[:, 8 * index : 8 * index + 8])


def test_parts_are_consecutive_in_the_stream():
    spec = SplitSpec(type=matmul_output(Symbol("tokens", 3)), formats=(FMT,) * 3)
    x = np.arange(3 * 24).reshape(3, 24)
    for n in (1, 2, 3):
        parts = spec.compute({"i": x}, {"tokens": n})
        split = [spec.part.pack(parts[f"o_{k}"], {"tokens": n}) for k in range(3)]
        assert np.array_equal(np.concatenate(split), spec.type.pack(x, {"tokens": n}))


def test_rereads_go_to_every_part():
    reread = ITensor(FMT, (1,), (Loop(4), Loop(3, 1, 0)))
    spec = SplitSpec(type=reread, formats=(FMT,) * 2)
    assert spec.part.beats() == 6
    parts = spec.compute({"i": np.arange(3)}, {})
    assert all(np.array_equal(part, np.arange(3)) for part in parts.values())


def test_errors():
    with pytest.raises(ValueError, match=r"^Split parts must be at least 2, not 1$"):
        SplitSpec(type=matmul_output(2), formats=(FMT,) * 1)
    with pytest.raises(
        ValueError, match=r"^Split parts must divide a constant outermost trip, not 4 and 6$"
    ):
        SplitSpec(type=matmul_output(2), formats=(FMT,) * 4)
    tokens = Symbol("tokens", 4)
    with pytest.raises(
        ValueError,
        match=r"^Split parts must divide a constant outermost trip, not 2 and tokens<=4$",
    ):
        SplitSpec(type=row_major(FMT, [tokens, 4]), formats=(FMT,) * 2)
    with pytest.raises(ValueError, match=r"^Split symbol must not be ragged, not length<=5$"):
        SplitSpec(type=matmul_output(Symbol("length", 5, ragged=True)), formats=(FMT,) * 2)
