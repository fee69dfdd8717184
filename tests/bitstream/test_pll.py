# SPDX-License-Identifier: Apache-2.0
"""Dividers of a PLL: what they give is what was asked for, within the limits of the device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.bitstream.pll import PFD, TOLERANCE, VCO, pll_dividers


@pytest.mark.parametrize("mhz", [40.0, 50.0, 55.0, 60.0, 62.5, 80.0])
def test_a_design_and_a_memory_of_twice_its_clock(mhz: float) -> None:
    found = pll_dividers(25.0, ((2 * mhz, 0.0), (mhz, 0.0), (2 * mhz, 180.0)))
    assert [found.mhz(i) for i in range(3)] == pytest.approx([2 * mhz, mhz, 2 * mhz], rel=1e-3)
    assert found.degrees(0) == found.degrees(1) == 0
    assert found.degrees(2) == 180


@given(
    st.sampled_from((12.0, 25.0, 48.0, 100.0)),
    st.lists(st.floats(10, 200), min_size=1, max_size=3),
)
def test_dividers_are_right_or_refused(input_mhz: float, clocks: list[float]) -> None:
    try:
        found = pll_dividers(input_mhz, tuple((mhz, 90.0) for mhz in clocks))
    except ValueError as error:
        assert "cannot" in str(error)
        return
    assert VCO[0] <= found.vco_mhz <= VCO[1]
    assert PFD[0] <= input_mhz / found.input <= PFD[1]
    # as the circuit does it: the first output is the input times its feedback
    first = input_mhz / found.input * found.feedback
    assert found.vco_mhz == pytest.approx(first * found.outputs[0].divider)
    for index, mhz in enumerate(clocks):
        assert found.mhz(index) == pytest.approx(mhz, rel=TOLERANCE)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="1 to 4 outputs, not 5"):
        pll_dividers(25.0, ((50.0, 0.0),) * 5)
    with pytest.raises(ValueError, match=r"3\.125 to 400 MHz, not 500"):
        pll_dividers(25.0, ((500.0, 0.0),))
    with pytest.raises(ValueError, match="must make 399, 7 MHz from 25 MHz, and cannot"):
        pll_dividers(25.0, ((399.0, 0.0), (7.0, 0.0)))
