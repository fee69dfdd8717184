# SPDX-License-Identifier: Apache-2.0
"""A stream through memory is written in one order and read in another."""

from streamhw.compiler.layers.spill import spilled
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major

ROWS = row_major(Fixed(16), (4, 8), 4)
AGAIN = ITensor(Fixed(16), (1, 4), (Loop(3), *ROWS.loops))


def test_both_kernels_agree_on_what_lies_between() -> None:
    write, read = spilled(ROWS, AGAIN, 128)
    assert write.port("i").type.is_same_stream(ROWS)
    assert read.port("o").type.is_same_stream(AGAIN)
    bits = {p.type.beat_bits for s in (write, read) for p in s.ports if p.name == "i_data"}
    assert bits <= {128}
