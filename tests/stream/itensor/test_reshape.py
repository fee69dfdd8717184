# SPDX-License-Identifier: Apache-2.0
"""Reassociation keeps the beats: packing the reshaped tensor gives the same stream."""

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from streamhw.stream.itensor.reshape import reassociate

FMT = Fixed(16)


@pytest.mark.parametrize(
    ("itensor", "shape"),
    [
        (row_major(FMT, (4, 12), 3), (4, 3, 4)),
        (row_major(FMT, (4, 12), 4), (4, 3, 4)),
        (row_major(FMT, (4, 12), 12), (48,)),
        (ITensor(FMT, (1, 2), (Loop(6, 2, 1), Loop(4, 1, 0))), (4, 6, 2)),
        (ITensor(FMT, (1, 2), (Loop(4, 1, 0), Loop(2), Loop(6, 2, 1))), (2, 2, 12)),
    ],
)
def test_same_beats(itensor: ITensor, shape: tuple[int, ...]) -> None:
    if itensor.lanes == 3:
        with pytest.raises(ValueError, match="reassociate needs"):
            reassociate(itensor, shape)
        return
    tensor = np.arange(48, dtype=np.int64).reshape(itensor.tensor_shape())
    result = reassociate(itensor, shape)
    assert result.tensor_shape() == shape
    assert (result.pack(tensor.reshape(shape)) == itensor.pack(tensor)).all()


def test_there_and_back_is_the_same_stream() -> None:
    itensor = row_major(FMT, (4, 12), 4)
    assert reassociate(reassociate(itensor, (4, 3, 4)), (4, 12)).is_same_stream(itensor)


def test_refuses_another_number_of_elements() -> None:
    with pytest.raises(ValueError, match="reassociate needs a shape of 48 elements, not 5x9"):
        reassociate(row_major(FMT, (4, 12), 4), (5, 9))
