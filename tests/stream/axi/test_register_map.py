# SPDX-License-Identifier: Apache-2.0
"""The register map: words, no overlaps, a window aligned to its size."""

import pytest

from streamhw.stream.axi.register_map import (
    ID_VALUE,
    WINDOW_MINIMUM,
    address_width,
    register_map,
    window_offset,
)


def test_registers_are_different_words_below_the_window() -> None:
    addresses = list(register_map(64).values())
    assert len(set(addresses)) == len(addresses)
    assert all(address % 4 == 0 for address in addresses)
    assert max(addresses) == register_map(64)["WINDOW"] == WINDOW_MINIMUM


def test_the_identifier_is_readable() -> None:
    assert ID_VALUE.to_bytes(4, "big") == b"STHW"


@pytest.mark.parametrize(
    ("context", "window"), [(1, 0x1000), (1024, 0x1000), (1025, 0x2000), (4096, 0x4000)]
)
def test_window_is_aligned_to_its_size(context: int, window: int) -> None:
    assert window_offset(context) == window
    assert window >= 4 * context and window % (1 << (4 * context - 1).bit_length()) == 0
    assert window + 4 * context <= 1 << address_width(context)


def test_refuses_no_context() -> None:
    with pytest.raises(ValueError, match="Context must be at least 1, not 0"):
        window_offset(0)
