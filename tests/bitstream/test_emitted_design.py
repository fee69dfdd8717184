# SPDX-License-Identifier: Apache-2.0
"""The emitted top as a component: its pins are those of the Verilog."""

import re

from amaranth.lib.wiring import Out

from streamhw.api.build import Build
from streamhw.bitstream.emitted_design import EmittedDesign


def test_pins_are_those_of_the_verilog(small: Build) -> None:
    text = small.verilog.read_text()
    body = text[text.index("module top(") :]
    body = body[: body.index("endmodule")]
    ports = {
        name: (direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"^\s*(input|output)\s+(?:\[(\d+):0\]\s+)?(\w+)\s*;", body, re.M
        )
    }
    component = EmittedDesign(small.manifest)
    ours = {
        name: ("output" if member.flow is Out else "input", len(getattr(component, name)))
        for name, member in component.signature.members.items()
    }
    assert {**ours, "clk": ("input", 1)} == {
        name: port for name, port in ports.items() if name != "stat_count"
    }
