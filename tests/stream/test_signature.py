# SPDX-License-Identifier: Apache-2.0
"""The hardware signature of a stream type."""

from amaranth.hdl import signed

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.signature import lanes_of, stream_of


def test_a_beat_is_an_array_of_lanes() -> None:
    itensor = row_major(Fixed(6), (2, 8), 4)
    layout = lanes_of(itensor)
    assert (layout.elem_shape, layout.length) == (signed(6), 4)
    assert stream_of(itensor).members["payload"].shape == layout
