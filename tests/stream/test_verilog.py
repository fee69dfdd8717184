# SPDX-License-Identifier: Apache-2.0
"""The Verilog of each infrastructure module is accepted by an independent tool."""

import shutil
import subprocess

import pytest
from amaranth.back import verilog
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from streamhw.stream.credit import Credit
from streamhw.stream.fork import Fork
from streamhw.stream.join import Join
from streamhw.stream.queue import Queue
from streamhw.stream.skid import Skid
from streamhw.stream.width import Width

LANES = data.ArrayLayout(signed(8), 3)
PARTS = {
    "queue_0": lambda: Queue(shape=LANES, depth=0),
    "queue_1": lambda: Queue(shape=LANES, depth=1),
    "queue_2": lambda: Queue(shape=LANES, depth=2),
    "queue_5": lambda: Queue(shape=LANES, depth=5),
    "queue_100": lambda: Queue(shape=LANES, depth=100),
    "skid": lambda: Skid(shape=LANES),
    "fork": lambda: Fork(shape=LANES, outputs=3),
    "join": lambda: Join(shapes=[LANES, unsigned(4)]),
    "widen": lambda: Width(width_in=8, width_out=64),
    "narrow": lambda: Width(width_in=64, width_out=8),
    "credit": lambda: Credit(shape=LANES, latency=5),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
def test_icarus_accepts(name, tmp_path):
    path = tmp_path / f"{name}.v"
    text = verilog.convert(PARTS[name](), name=name, emit_src=False, strip_internal_attrs=True)
    path.write_text(text)
    done = subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", name, str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert text == verilog.convert(
        PARTS[name](), name=name, emit_src=False, strip_internal_attrs=True
    )
