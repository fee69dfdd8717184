# SPDX-License-Identifier: Apache-2.0
"""Codes of blocks: exactly those of the file, and what they stand for."""

import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

from streamhw.frontend.gguf.blocks import block_codes
from streamhw.numerics.element_format import integer_format

OFFSETS = integer_format(4, 32, has_offsets=True)


def random_rows(kind: GGMLQuantizationType, rows: int = 5, blocks: int = 3) -> np.ndarray:
    """Blocks of random bytes with floats that are no NaN."""
    _, size = GGML_QUANT_SIZES[kind]
    random = np.random.default_rng(kind.value)
    made = random.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
    floats = random.normal(size=(rows, blocks, 2)).astype(np.float16)
    made[..., :4] = floats.view(np.uint8)
    return made.reshape(rows, -1)


@pytest.mark.parametrize("name", ["Q4_0", "Q4_1", "Q4_K", "Q8_0"])
def test_they_stand_for_what_the_package_reads(name: str) -> None:
    kind = GGMLQuantizationType[name]
    rows = random_rows(kind)
    found = block_codes(name, rows)
    assert found is not None and found.scale_group == 32
    np.testing.assert_allclose(found.floats(), dequantize(rows, kind), rtol=1e-5, atol=1e-4)


def test_codes_of_4_bits_with_minima_are_those_of_the_file() -> None:
    weight = np.random.default_rng(1).normal(size=(4, 96)).astype(np.float32)
    rows = quantize(weight, GGMLQuantizationType.Q4_1)
    found = block_codes("Q4_1", rows)
    assert found is not None and found.misfit(OFFSETS) is None
    codes, offsets = found.fitted(OFFSETS)
    packed = rows.reshape(4, 3, 20)[..., 4:]
    stored = np.concatenate([packed & 15, packed >> 4], axis=-1).reshape(4, 96)
    np.testing.assert_array_equal(codes + 8, stored)
    assert offsets is not None
    again = codes * np.repeat(found.scales, 32, axis=1) + np.repeat(offsets, 32, axis=1)
    np.testing.assert_allclose(again, dequantize(rows, GGMLQuantizationType.Q4_1), atol=1e-5)
    assert found.misfit(integer_format(4, 32)) == "groups have offsets"


def test_scales_below_zero_count_from_the_other_end() -> None:
    rows = random_rows(GGMLQuantizationType.Q4_0)
    found = block_codes("Q4_0", rows)
    assert found is not None and (found.scales >= 0).all()
    assert found.misfit(OFFSETS) is None
    assert found.misfit(integer_format(4, 32)) == "zero points differ"
    codes, _ = found.fitted(OFFSETS)
    assert codes.min() >= -8 and codes.max() <= 7


def test_other_types_have_no_codes() -> None:
    assert block_codes("Q6_K", np.zeros((1, 210), dtype=np.uint8)) is None
