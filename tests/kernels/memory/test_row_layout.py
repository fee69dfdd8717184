# SPDX-License-Identifier: Apache-2.0
"""Rows are padded to memory beats; what does not divide is refused."""

import pytest

from streamhw.kernels.memory.row_layout import RowLayout


def test_a_row_is_padded_to_whole_memory_beats() -> None:
    row = RowLayout(elements=20, bits=8, lanes=4, width=64, offset=8)
    assert (row.part, row.beats, row.row_beats, row.row_bytes) == (32, 5, 3, 24)
    assert row.timing(rows=3).interval == 15


@pytest.mark.parametrize(
    ("elements", "lanes", "width", "offset", "message"),
    [
        (20, 3, 64, 0, "lanes must divide 20 elements, not 3"),
        (20, 4, 48, 0, "width must be a multiple of 32 bits and 8, not 48"),
        (20, 4, 0, 0, "width must be a multiple of 32 bits and 8, not 0"),
        (20, 4, 64, 4, "offset must be a multiple of 8 bytes, not 4"),
        (20, 4, 64, -8, "offset must be a multiple of 8 bytes, not -8"),
    ],
)
def test_what_does_not_divide_is_refused(
    elements: int, lanes: int, width: int, offset: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        RowLayout(elements=elements, bits=8, lanes=lanes, width=width, offset=offset)
