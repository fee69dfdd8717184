# SPDX-License-Identifier: Apache-2.0
"""Parts and copies of a stream, against slices of the tensor."""

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from streamhw.stream.itensor.slicing import chunk, concat, fork, join

FMT = Fixed(16)
ROWS = row_major(FMT, (4, 12), 2)
COLUMNS = ITensor(FMT, (1, 2), (Loop(6, 2, 1), Loop(4, 1, 0)))


@pytest.mark.parametrize("itensor", [ROWS, COLUMNS])
@pytest.mark.parametrize(("parts", "dim"), [(3, 1), (2, 0), (4, 0), (1, 1)])
def test_a_part_has_the_beats_of_its_slice(itensor: ITensor, parts: int, dim: int) -> None:
    tensor = np.arange(48, dtype=np.int64).reshape(4, 12)
    chunks = chunk(itensor, parts, dim)
    beats = itensor.pack(tensor)
    extent = tensor.shape[dim] // parts
    numbers = chunks.index.order()[:, 0]
    for part in range(parts):
        piece = np.take(tensor, range(part * extent, (part + 1) * extent), axis=dim)
        assert (chunks.part.pack(piece) == beats[numbers == part]).all()
    assert chunks.is_in_order == (list(numbers) == sorted(numbers))


@pytest.mark.parametrize("dim", [0, 1])
def test_concat_is_the_tensor_of_the_parts(dim: int) -> None:
    parts = [np.arange(48).reshape(4, 12) + 100 * n for n in range(3)]
    whole = concat([ROWS] * 3, dim)
    wanted = np.concatenate([ROWS.pack(part) for part in parts])
    assert (whole.pack(np.concatenate(parts, axis=dim)) == wanted).all()


def test_copies_are_the_stream() -> None:
    assert fork(ROWS, 2) == (ROWS, ROWS)
    assert join([ROWS, row_major(FMT, (4, 12), 2)]) == ROWS


def test_refuses() -> None:
    with pytest.raises(ValueError, match="fork must have at least 1 output, not 0"):
        fork(ROWS, 0)
    with pytest.raises(ValueError, match="join must have one type"):
        join([ROWS, COLUMNS])
    with pytest.raises(ValueError, match="join must have at least 1 input"):
        join([])
    with pytest.raises(ValueError, match="a number of parts that divides the extent, not 5"):
        chunk(ROWS, 5, 1)
    with pytest.raises(ValueError, match="concat needs a dimension of the parts"):
        concat([ROWS], 2)
