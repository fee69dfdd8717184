# SPDX-License-Identifier: Apache-2.0
"""Number formats: codes, packing, names, and the formats that a configuration means."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.numerics.element_format import (
    BUILT_IN,
    ElementFormat,
    element_format,
    element_formats,
    integer_format,
)
from streamhw.quantization.config import QuantConfig
from tests.packages import install_example


def test_integers() -> None:
    int4, int8 = integer_format(4, 64), integer_format(8)
    assert (int4.name, int4.minimum, int4.maximum, int4.product_bits) == ("int4g64", -8, 7, 12)
    assert (int8.name, int8.minimum, int8.maximum, int8.product_bits) == ("int8", -127, 127, 16)
    assert (int4.group_bytes(128), int4.group_bytes(130), int8.group_bytes(128)) == (2, 3, 0)
    offsets = integer_format(4, 32, has_offsets=True)
    assert (offsets.name, offsets.group_bytes(128), offsets.group_bytes(130)) == ("int4g32m", 8, 10)
    values = np.array([-9.2, -0.6, 0.4, 7.9], dtype=np.float32)
    assert int4.round(values).tolist() == [-8, -1, 0, 7]
    assert set(BUILT_IN) == {"int4", "int4g32", "int4g32m", "int4g64", "int8", "int8g64"}


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("count", [1, 6, 7])
def test_packing(bits: int, count: int) -> None:
    fmt = integer_format(bits)
    codes = np.random.default_rng(1).integers(fmt.minimum, fmt.maximum, (3, count), np.int8, True)
    packed = fmt.pack(codes)
    assert packed.shape == (3, fmt.packed_bytes(count))
    for row, content in zip(codes, packed, strict=True):
        word = int.from_bytes(content.tobytes(), "little")
        for code in row:
            assert word & ((1 << bits) - 1) == int(code) & ((1 << bits) - 1)
            word >>= bits


def test_levels_are_the_integers_that_codes_stand_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_example(monkeypatch, tmp_path, "fp4")
    fp4 = element_format("fp4_in_groups")
    assert (fp4.value_bits, fp4.product_bits, fp4.largest_product) == (5, 13, 1 << 11)
    values = np.array([-20, -9.9, -10.1, -0.4, 0.6, 4.9, 5.1, 7.2, 12.5], dtype=np.float32)
    rounded = fp4.round(values)
    assert rounded.tolist() == [-12, -8, -12, 0, 1, 4, 6, 8, 12]
    codes = fp4.encode(rounded)
    assert np.array_equal(fp4.decode(codes), rounded)
    assert codes.tolist() == [-1, -2, -1, 0, 1, 4, 5, 6, 7]
    assert fp4.pack(rounded[None, 1:3].astype(np.int8)).tolist() == [[0xFE]]


def test_what_a_configuration_means() -> None:
    assert QuantConfig().weights(head=False) == integer_format(4, 64)
    assert QuantConfig(weight_bits=8).weights(head=False) == integer_format(8)
    assert QuantConfig(weight_bits=8, scale_group=64).weights(head=False) == integer_format(8, 64)
    assert QuantConfig(scale_group=None).weights(head=True) == integer_format(4)
    assert QuantConfig(head_bits=8).weights(head=True) == integer_format(8)
    assert QuantConfig(number_format="int8").weights(head=True) == integer_format(8)


def test_an_installed_format(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Number format must be one of int4.*, not 'int8_in_g"):
        element_format("int8_in_groups")
    install_example(monkeypatch, tmp_path, "int8_groups")
    found = QuantConfig(number_format="int8_in_groups").weights(head=False)
    assert found is element_formats()["int8_in_groups"]
    assert (found.bits, found.scale_group) == (8, 16)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": 5}, "Number format f must have 2, 4 or 8 bits, not 5"),
        ({"name": "a b"}, "Number format must be named by an identifier, not 'a b'"),
        ({"minimum": 0}, "Codes of f must be from -8 to 7 with 0 inside, not 0 to 7"),
        ({"maximum": 8}, "Codes of f must be from -8 to 7 with 0 inside, not -8 to 8"),
        (
            {"levels": (0, 1), "bits": 2},
            "Levels of f must be 4 integers of 8 bits, one a code, not 2 from 0 to 1",
        ),
        (
            {"levels": (0, 1, -1, 2), "bits": 2},
            "Levels of f must be from -8 to 7, not from -1 to 2",
        ),
        ({"scale_group": 0}, "Scale group of f must be positive, not 0"),
        ({"has_offsets": True}, "Scale group of f must be given with offsets, not None"),
    ],
)
def test_errors(changes: dict[str, object], message: str) -> None:
    values = {"name": "f", "bits": 4, "minimum": -8, "maximum": 7} | changes
    with pytest.raises(ValueError, match=f"^{message}$"):
        ElementFormat(**values)  # type: ignore[arg-type]  # one of them is wrong
