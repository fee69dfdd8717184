# SPDX-License-Identifier: Apache-2.0
"""Integer semantics of a linear layer, and its words in memory."""

import time

import numpy as np
import pytest

from streamhw.kernels.matmul.packing import (
    fold_groups,
    linear_golden,
    memory_beats,
    pack_tile_scales,
    pack_weight,
    unpack_tile_scales,
    unpack_weight,
)
from streamhw.numerics.element_format import ElementFormat, integer_format
from streamhw.numerics.fixed import Fixed
from tests.kernels.matmul.engines import OFFSETS, context, engine, parameters

FIELDS = ("bias", "mult", "shift", "groups", "offsets")


@pytest.mark.parametrize(
    ("group", "weights"), [(None, integer_format(4)), (4, integer_format(4)), (4, OFFSETS)]
)
def test_golden_equals_plain_integers(group: int | None, weights: ElementFormat) -> None:
    rng = np.random.default_rng(6)
    spec = engine(context(inputs=8, scale_group=group, out=Fixed(10)), weights=weights)
    c = spec.contexts[0]
    for extreme in (0, 1, -1):
        p = parameters(spec, c, rng, extreme)
        x = rng.integers(-128, 128, (5, 8))
        got = linear_golden(
            x,
            p["weight"],
            p["groups"],
            p["bias"],
            p["mult"],
            p["shift"],
            c.out,
            group,
            p["offsets"],
        )
        folded = fold_groups(p["weight"], p["groups"], group, p["offsets"])
        again = linear_golden(x, folded, None, p["bias"], p["mult"], p["shift"], c.out, None)
        assert np.array_equal(got, again)
        for n in range(5):
            for r in range(c.outputs):
                total = 0
                for k in range(8):
                    m = 1 if group is None else int(p["groups"][r, k // group])
                    add = 0 if p["offsets"] is None else 16 * int(p["offsets"][r, k // group])
                    total += (m * int(p["weight"][r, k]) + add) * int(x[n, k])
                scaled = (total + int(p["bias"][r])) * int(p["mult"][r])
                shift = int(p["shift"][r])
                rounded = scaled if shift == 0 else (scaled + (1 << (shift - 1))) >> shift
                assert got[n, r] == max(-512, min(511, rounded))


def test_golden_rounds_halves_up_also_below_zero() -> None:
    one = np.array([1])
    for bias, expected in ((-3, -1), (-2, -1), (-1, 0), (1, 1), (3, 2)):
        y = linear_golden(
            np.zeros((1, 1)), np.zeros((1, 1)), None, np.array([bias]), one, one, Fixed(8), None
        )
        assert y[0, 0] == expected


def test_golden_beyond_floating_point_is_exact() -> None:
    x = np.full((1, 64), -(1 << 30))
    weight = np.full((1, 64), (1 << 26) - 1)
    weight[0, 0] -= 1
    one, zero = np.array([1]), np.array([0])
    y = linear_golden(x, weight, None, zero, one, zero, Fixed(62), None)
    assert int(y[0, 0]) == max(-(1 << 61), -(1 << 30) * (64 * ((1 << 26) - 1) - 1))
    y = linear_golden(x >> 8, weight, None, zero, one, zero, Fixed(62), None)
    assert int(y[0, 0]) == -(1 << 22) * (64 * ((1 << 26) - 1) - 1)


@pytest.mark.parametrize("group", [None, 8])
@pytest.mark.parametrize("weight_bits", [4, 8])
@pytest.mark.parametrize("width", [8, 64, 512])
def test_packing_round_trip(group: int | None, weight_bits: int, width: int) -> None:
    rng = np.random.default_rng(7)
    spec = engine(context(scale_group=group), weight_bits=weight_bits)
    c = spec.contexts[0]
    p = parameters(spec, c, rng, 0)
    scales = pack_tile_scales(p["bias"], p["mult"], p["shift"], p["groups"], rows=4)
    words = pack_weight(p["weight"], rows=4, inputs=4)
    back = unpack_tile_scales(scales)
    for name, values in zip(FIELDS, back, strict=True):
        assert (values is None and p[name] is None) or np.array_equal(values, p[name]), name
    assert np.array_equal(unpack_weight(words, rows=4, inputs=4), p["weight"])

    beats = memory_beats(scales, words, weights=integer_format(weight_bits), width=width)
    flat, head = beats.reshape(-1), -(-scales[0].size * 8 // width) * width // 8
    size = len(flat) // 2 - head
    # Both scales stand in front of the first weights.
    for tile in range(2):
        begin = tile * head
        assert flat[begin:][: scales[0].size].tolist() == scales[tile].reshape(-1).tolist()
        value = int.from_bytes(flat[2 * head + tile * size :][:size].tobytes(), "little")
        for code in words[tile].reshape(-1):
            assert value & ((1 << weight_bits) - 1) == int(code) & ((1 << weight_bits) - 1)
            value >>= weight_bits
        assert value == 0


def test_offsets_are_packed_beside_their_multipliers() -> None:
    rng = np.random.default_rng(11)
    spec = engine(context(scale_group=8), weights=OFFSETS)
    p = parameters(spec, spec.contexts[0], rng, 0)
    scales = pack_tile_scales(p["bias"], p["mult"], p["shift"], p["groups"], p["offsets"], rows=4)
    assert scales.shape == (2, 8 + 2 * 2, 4)
    assert scales[0, 9].tolist() == (p["offsets"][:4, 0] & 0xFF).tolist()
    back = unpack_tile_scales(scales, has_offsets=True)
    for name, values in zip(FIELDS, back, strict=True):
        assert np.array_equal(values, p[name]), name
    with pytest.raises(ValueError, match=r"^group offsets must be -128 to 127, not 0 to 128$"):
        ones = np.ones(4, dtype=np.int64)
        pack_tile_scales(ones, ones, ones, np.ones((4, 2)), np.array([[0, 128]] * 4), rows=4)


@pytest.mark.parametrize("tiles", [1, 3])
def test_scales_stand_a_tile_ahead(tiles: int) -> None:
    scales = np.arange(1, 9 * tiles + 1, dtype=np.uint8).reshape(tiles, 9, 1)
    weight = np.arange(-1, -3 * tiles - 1, -1, dtype=np.int8).reshape(tiles, 1, 3)
    flat = memory_beats(scales, weight, weights=integer_format(8), width=32).reshape(-1).tolist()
    scales = [[*each.reshape(-1).tolist(), 0, 0, 0] for each in scales]
    weights = [[*each.view(np.uint8).reshape(-1).tolist(), 0] for each in weight]
    assert flat[:12] == scales[0]
    assert flat[-4:] == weights[-1]
    for tile in range(1, tiles):
        assert flat[16 * tile - 4 :][:16] == [*scales[tile], *weights[tile - 1]]


def test_packs_a_large_head_in_seconds() -> None:
    weight = np.ones((50264, 768), dtype=np.int8)
    ones = np.ones(len(weight), dtype=np.int64)
    begin = time.perf_counter()
    scales = pack_tile_scales(ones, ones, ones, np.ones((len(weight), 12)), rows=8)
    beats = memory_beats(
        scales, pack_weight(weight, rows=8, inputs=8), weights=integer_format(4), width=512
    )
    assert beats.shape == (6283 * (3 + 48), 64)
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize(
    "bias, mult, shift, text",
    [
        (1 << 31, 1, 1, "bias must be"),
        (0, 1 << 16, 1, "mult must be 0 to 65535, not 65536"),
        (0, 1, 64, "shift must be 0 to 63, not 64"),
    ],
)
def test_pack_tile_scales_refuses(bias: int, mult: int, shift: int, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        pack_tile_scales(np.array([bias]), np.array([mult]), np.array([shift]), None, rows=1)
