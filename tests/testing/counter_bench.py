# SPDX-License-Identifier: Apache-2.0
"""cocotb side of ``test_cocotb_run.py``: the counter counts by the steps that the stimulus says."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def counts(dut: Any) -> None:
    step = json.loads(Path(os.environ["STREAMHW_STIMULUS"]).read_text())["step"]
    Clock(dut.clk, 10, unit="ns").start()
    await FallingEdge(dut.clk)
    before = int(dut.count.value)
    await FallingEdge(dut.clk)
    found = int(dut.count.value) - before
    assert found == step, f"count must be {step}, not {found}"
