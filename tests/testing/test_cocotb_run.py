# SPDX-License-Identifier: Apache-2.0
"""cocotb runs: compiled once for each text, and errors that name a file and a command."""

import shutil
from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.testing import BenchError, cocotb_run, run_cocotb, simulator

BENCH = "tests.testing.counter_bench"
COUNTER = """\
module dut(input clk, output reg [3:0] count);
  initial count = 0;
  always @(posedge clk) count <= count + {step};
endmodule
"""


def test_a_design_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMHW_CACHE", str(tmp_path))
    for step in (1, 2):
        text = COUNTER.format(step=step)
        for _ in range(2):
            run_cocotb(text, module=BENCH, stimulus={"step": step}, sim="icarus")
            # A second compilation would fail.
            monkeypatch.setattr(cocotb_run, "working", None)
        monkeypatch.undo()
        monkeypatch.setenv("STREAMHW_CACHE", str(tmp_path))
        assert len(list(tmp_path.glob("bench-*"))) == step


def test_a_failure_names_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAMHW_SEED", raising=False)
    with pytest.raises(BenchError) as error:
        run_cocotb(COUNTER.format(step=1), module=BENCH, stimulus={"step": 2}, sim="icarus")
    first, log, repeat = str(error.value).splitlines()
    assert first == "1 of 1 benches failed in icarus"
    assert log == f"log: {error.value.folder}/run.log"
    assert "count must be 2" in Path(log.removeprefix("log: ")).read_text()
    assert repeat.startswith("repeat: SIM=icarus python -m pytest tests/testing/test_cocotb_run.py")
    shutil.rmtree(error.value.folder)


def test_what_does_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setattr("sys.argv", ["my_test.py", "a b"])
    with pytest.raises(BenchError) as error:
        run_cocotb("module dut(); nonsense endmodule", module=BENCH, sim="icarus")
    _, log, repeat = str(error.value).splitlines()
    assert "syntax error" in Path(log.removeprefix("log: ")).read_text()
    assert repeat == "repeat: SIM=icarus python my_test.py 'a b'"
    shutil.rmtree(error.value.folder)


def test_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("icarus", "verilator"):
        monkeypatch.setenv("SIM", name)
        assert simulator() == name
    monkeypatch.setenv("SIM", "questa")
    with pytest.raises(ToolError, match="SIM must be icarus or verilator, not 'questa'"):
        simulator()
