# SPDX-License-Identifier: Apache-2.0
"""scripts/compare_verilog.py: renamed identifiers are no difference, whatever they move."""

from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "compare_verilog.py"))
FIRST = SCRIPT["first_difference"]

OLD = r"""
module \top.dealer (clk, a_dealt, b);
  wire \$145 ;
  wire b;
  assign a_dealt = b + _03_;
endmodule

module \top.other (clk);
endmodule
"""
NEW = r"""
module \top.other (clk);
endmodule

module \top.router (clk, b, z_routed);
  wire b;
  wire \$12 ;
  assign z_routed = b + _07_;
endmodule
"""
NAMES = {"dealer": "router", "a_dealt": "z_routed"}


def test_equal_texts_have_no_difference() -> None:
    assert FIRST(OLD, OLD, {}) is None
    assert FIRST(OLD, NEW, {}) is not None


def test_renamed_identifiers_may_move_lines() -> None:
    assert FIRST(OLD, NEW, NAMES) is None


def test_another_operator_is_a_difference() -> None:
    found = FIRST(OLD, NEW.replace("b + _07_", "b - _07_"), NAMES)
    assert found is not None and "became" in found
