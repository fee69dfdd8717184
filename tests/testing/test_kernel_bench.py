# SPDX-License-Identifier: Apache-2.0
"""The kernel bench finds broken twins: another result, and other cycles than the formula's."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

from streamhw.kernels.elementwise.add import AddKernel, AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.spec import Timing
from streamhw.testing import Case, beats_of, check_kernel

FORMATS = {"a": Fixed(12, 6), "b": Fixed(12, 6), "out": Fixed(13, 6)}
ORDER = row_major(Fixed(12, 6), (2, 4), 2)
X = np.arange(-4, 4).reshape(2, 4) * 100
CASES = [Case(inputs={"i_a": X + n, "i_b": -2 * X}) for n in range(3)]


@dataclass(frozen=True, kw_only=True)
class Shifted(AddSpec):
    """Hardware that takes one operand for twice its value."""

    def create(self) -> AddKernel:
        kernel = AddSpec(type=self.type, **FORMATS).create()
        kernel.spec = replace(kernel.spec, a=Fixed(12, 5))
        return kernel


@dataclass(frozen=True, kw_only=True)
class Slower(AddSpec):
    """A formula of the latency that is a cycle off."""

    def timing(self, symbol_values: object) -> Timing:
        timing = AddSpec(type=self.type, **FORMATS).timing({})
        return replace(timing, latency=timing.latency + 1)


def test_a_sound_kernel_passes() -> None:
    check_kernel(AddSpec(type=ORDER, **FORMATS), CASES)


@pytest.mark.parametrize(
    ("kind", "message"),
    [(Shifted, r"o beat \d+ must be 0x"), (Slower, r"latency must be \d+ cycles, not \d+")],
)
def test_broken_twins_fail(
    kind: type[AddSpec], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError, match="1 of 1 benches failed"):
        check_kernel(kind(type=ORDER, **FORMATS), CASES, scenarios=("single",))
    assert re.search(message, capsys.readouterr().out)


def test_beats_are_unsigned_with_lane_0_lowest() -> None:
    port = AddSpec(type=ORDER, **FORMATS).input_ports[0]
    beats = beats_of(port, np.array([[1, -1, 2, 3], [4, 5, 6, 7]]), {})
    assert beats == [0xFFF001, 0x003002, 0x005004, 0x007006]
