# SPDX-License-Identifier: Apache-2.0
"""A fork as a part of a design."""

import pytest

from streamhw.compiler.ir.infrastructure.fork import ForkSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.testing.pysim import run_streams

ROWS = row_major(Fixed(8), (2, 4), 2)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_every_reader_gets_every_beat(outputs: int) -> None:
    spec = ForkSpec(type=ROWS, outputs=outputs)
    names = [f"o_{n}" for n in range(outputs)]
    assert [port.name for port in spec.ports] == ["i", *names]
    beats = list(range(20))
    run = run_streams(
        spec.create(), inputs={"i": beats}, outputs=dict.fromkeys(names, 20), sink="often"
    )
    assert all(run.beats[name] == beats for name in names)


def test_cells_grow_with_the_readers() -> None:
    luts = [ForkSpec(type=ROWS, outputs=n).resources().luts for n in (1, 2, 3)]
    assert luts == sorted(set(luts))
