# SPDX-License-Identifier: Apache-2.0
"""Placed kinds reach the Verilog, synthesis obeys them, and large memories are modules."""

import shutil
import subprocess
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Elaboratable, Fragment, Module

from streamhw.boards.base import Family
from streamhw.compiler.backend.ram_modules import LARGE_BITS, Owned, Target
from streamhw.compiler.backend.top import Accelerator
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.resources.fpga_cells import Cells, RamKind, ram_options
from streamhw.compiler.resources.ram_mapping import Store
from streamhw.errors import InternalError
from streamhw.stream.queue import Queue
from streamhw.stream.spec import Memory
from streamhw.synthesis.yosys import count_modules
from streamhw.testing import run_streams

XCUP, ECP5 = Family.ULTRASCALE_PLUS, Family.ECP5

BENCH = """
module bench;
  reg clk = 0, rst = 1, valid = 0, take = 0;
  reg [15:0] sent = 0, got = 0;
  wire ready, offered;
  wire [15:0] data;
  top dut(.clk(clk), .rst(rst), .i__payload(sent * 16'd40503), .i__valid(valid), .i__ready(ready),
          .o__payload(data), .o__valid(offered), .o__ready(take));
  always #1 clk = ~clk;
  integer cycle;
  initial begin
    for (cycle = 0; cycle < 1200; cycle = cycle + 1) begin
      @(negedge clk);
      rst = cycle < 2;
      valid = !rst && (valid || cycle % 3 != 0) && sent < 400;
      take = cycle % 5 != 0 && cycle > 200;
      #0.5;
      if (offered && take) begin
        if (data !== got * 16'd40503) begin $display("wrong %0d", got); $finish; end
        got = got + 1;
      end
      if (valid && ready) begin @(posedge clk); #0.1 sent = sent + 1; end
    end
    $display("got %0d", got);
    $finish;
  end
endmodule
"""


class Several(Elaboratable):
    """A top with one queue of each kind that is asked for."""

    def __init__(self, queues: dict[str, Queue]):
        self.queues = queues

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, queue in self.queues.items():
            m.submodules[name] = Owned(queue, name)
        return m


def store(owner: str, width: int, depth: int, kind: RamKind) -> Store:
    cells = ram_options(Memory(width, depth), XCUP).get(kind, Cells())
    return Store(owner=owner, memory=Memory(width, depth), die="die", kind=kind, cells=cells)


def emitted(queues: dict[str, Queue], stores: list[Store]) -> tuple[str, Target]:
    target = Target(stores)
    pins = [
        value
        for queue in queues.values()
        for side in (queue.i, queue.o)
        for value in (side.payload, side.valid, side.ready)
    ]
    text = verilog.convert(
        Several(queues), name="top", platform=target, ports=pins, emit_src=False,
        strip_internal_attrs=True,
    )  # fmt: skip
    return "\n".join([text, *target.texts.values()]), target


@pytest.mark.parametrize("family", [XCUP, ECP5])
def test_synthesis_obeys(family: Family) -> None:
    """Equal queues, each of another kind."""
    kinds = [kind for kind in RamKind if family is XCUP or kind is not RamKind.ULTRA]
    queues = {kind.name.lower(): Queue(shape=16, depth=128) for kind in kinds}
    text, target = emitted(queues, [store(k.name.lower(), 16, 128, k) for k in kinds])
    assert target.unplaced == {}
    counts = count_modules(text, family)
    found = {kind: counts[f"top.{kind.name.lower()}"] for kind in kinds}
    assert found[RamKind.DISTRIBUTED].block_ram == 0
    assert found[RamKind.BLOCK].block_ram == 1
    if family is XCUP:
        assert (found[RamKind.ULTRA].block_ram, found[RamKind.ULTRA].ultra_ram) == (0, 1)
    options = ram_options(Memory(16, 128), family)
    more = {RamKind.DISTRIBUTED: 1, RamKind.BLOCK: -1}
    estimated = sum(sign * options[kind].luts for kind, sign in more.items())
    counted = sum(sign * found[kind].luts for kind, sign in more.items())
    assert counted == pytest.approx(estimated, rel=0.15, abs=24)


def test_a_large_memory_is_a_module() -> None:
    depth = LARGE_BITS // 16
    text, target = emitted(
        {"q": Queue(shape=16, depth=depth)}, [store("q", 16, depth, RamKind.ULTRA)]
    )
    assert f"module ram_16x{depth}_ultra(" in text
    assert text.count('(* ram_style = "ultra" *)') == 1
    assert len(text.splitlines()) < 400
    assert target.unplaced == {}


@pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus Verilog is not installed")
def test_a_large_queue_works(tmp_path: Path) -> None:
    """The same component in Amaranth's simulator, and with the module in Icarus."""
    depth = LARGE_BITS // 16
    words = [(n * 40503) % (1 << 16) for n in range(60)]
    run = run_streams(
        Queue(shape=16, depth=depth), inputs={"i": words}, outputs={"o": 60}, sink="seldom"
    )
    assert run.beats["o"] == words
    target = Target()
    dut = Queue(shape=16, depth=depth)
    text = verilog.convert(dut, name="top", platform=target.within("q"), emit_src=False)
    source, built = tmp_path / "all.v", tmp_path / "bench"
    source.write_text("\n".join(["`timescale 1ns/1ps", text, *target.texts.values(), BENCH]))
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", built, source], check=True)
    result = subprocess.run([built], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n")[0] == "got 400"


def test_every_placed_memory_is_in_the_design(design: PlacedNetlist) -> None:
    """What kernels say of their memories is what they have."""
    target = Target(design.placement.stores)
    assert sum(map(len, target.unplaced.values())) > 50
    Fragment.get(Accelerator(design), target)
    assert target.unplaced == {}


def test_one_file_of_a_name() -> None:
    target = Target()
    target.add_file("row.v", "module row; endmodule")
    target.within("x").add_file("row.v", "module row; endmodule")
    with pytest.raises(InternalError, match=r"^Module file row.v must have one content, not two$"):
        target.add_file("row.v", "module row(input a); endmodule")
