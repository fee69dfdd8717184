# SPDX-License-Identifier: Apache-2.0
"""Part numbers of ECP5 devices as nextpnr takes them."""

import pytest

from streamhw.bitstream.ecp5_part import nextpnr_options
from streamhw.errors import UserError


@pytest.mark.parametrize(
    ("device", "package", "options"),
    [
        ("LFE5U-85F", "BG381", "--85k --package CABGA381 --speed 6"),
        ("LFE5U-12F", "BG256", "--12k --package CABGA256 --speed 6"),
        ("LFE5UM-45F", "MG285", "--um-45k --package CSFBGA285 --speed 6"),
        ("LFE5UM5G-25F", "BG756", "--um5g-25k --package CABGA756 --speed 6"),
    ],
)
def test_options(device: str, package: str, options: str) -> None:
    assert nextpnr_options(device, package, "6") == tuple(options.split())


@pytest.mark.parametrize(("device", "package"), [("iCE40HX8K", "BG381"), ("LFE5U-85F", "QN84")])
def test_other_parts(device: str, package: str) -> None:
    with pytest.raises(UserError, match="must be those of an ECP5"):
        nextpnr_options(device, package, "6")
