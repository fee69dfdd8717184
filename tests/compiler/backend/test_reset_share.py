# SPDX-License-Identifier: Apache-2.0
"""How many registers of a design are reset: what only counts under a valid has no reset."""

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from tests.compiler.backend.registers import registers, started_anyhow
from tests.tiny import tiny_decoder

WRITTEN = """\
module top(clk, rst, d);
  reg a = 1'h0;
  reg [7:0] \\$b  = 8'h00;
  reg [3:0] c = 4'h5;
  reg \\$1 ;
  reg [7:0] \\$2 ;
  always @(posedge clk)
    a <= \\$1 ;
  always @(posedge clk)
    \\$b  <= \\$2 ;
  always @(posedge clk)
    if (rst) c[3:2] <= 2'h1;
    else c[3:2] <= d;
  always @(posedge steady_clk)
    e <= d;
  reg [7:0] e = 8'h03;
  always @* begin
    \\$1  = a;
    if (rst) begin
      \\$1  = 1'h0;
    end
  end
endmodule
"""


def test_registers_of_a_text() -> None:
    found = {r.name: (r.bits, r.reset, r.steady) for r in registers(WRITTEN)}
    assert found == {
        "a": (1, True, False),
        "\\$b": (8, False, False),
        "c": (2, True, False),
        "e": (8, False, True),
    }


def test_only_what_has_no_reset_starts_anyhow() -> None:
    changed = started_anyhow(WRITTEN, seed=1)
    lines = zip(WRITTEN.splitlines(), changed.splitlines(), strict=True)
    assert [before for before, after in lines if before != after] == ["  reg [7:0] \\$b  = 8'h00;"]
    assert changed == started_anyhow(WRITTEN, seed=1) != started_anyhow(WRITTEN, seed=2)


def share(design: PlacedNetlist) -> float:
    """Of the flip-flops of a design, how many have a reset."""
    found = list(registers(emit(design).verilog))
    reset = sum(register.flip_flops for register in found if register.reset)
    every = sum(register.flip_flops for register in found)
    print(f"{reset} of {every} flip-flops are reset: {reset / every:.1%}")
    return reset / every


def test_share_of_a_tiny_design() -> None:
    """It was 62 % when all payloads had a reset."""
    assert 0.05 < share(compile_model(tiny_decoder(), load_board("sim"))) <= 0.12


@pytest.mark.slow
def test_share_of_a_small_board() -> None:
    """It was 60 % when all payloads had a reset."""
    assert 0.05 < share(compile_model(load("gpt2-shakespeare"), load_board("ulx3s"))) <= 0.18
