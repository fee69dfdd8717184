# SPDX-License-Identifier: Apache-2.0
"""The kernel bench finds broken twins: another result, and other cycles than the formula's."""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from streamhw.kernels.elementwise.add import AddKernel, AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.spec import Timing
from streamhw.testing import BenchError, Case, beats_of, check_kernel
from streamhw.testing.kernel_bench import waves_folder
from tests.waves.reader import gtkwave_changes, surfer_signals

FORMATS = {"a": Fixed(12, 6), "b": Fixed(12, 6), "out": Fixed(13, 6)}
ORDER = row_major(Fixed(12, 6), (2, 4), 2)
X = np.arange(-4, 4).reshape(2, 4) * 100
CASES = [Case(inputs={"i_a": X + n, "i_b": -2 * X}) for n in range(3)]


@dataclass(frozen=True, kw_only=True)
class Shifted(AddSpec):
    """Hardware that takes one operand for twice its value."""

    def create(self) -> AddKernel:
        kernel = AddSpec(type=self.type, **FORMATS).create()
        kernel.spec = replace(kernel.spec, a=Fixed(12, 5))
        return kernel


@dataclass(frozen=True, kw_only=True)
class Slower(AddSpec):
    """A formula of the latency that is a cycle off."""

    def timing(self, symbol_values: object) -> Timing:
        timing = AddSpec(type=self.type, **FORMATS).timing({})
        return replace(timing, latency=timing.latency + 1)


def test_a_sound_kernel_passes() -> None:
    check_kernel(AddSpec(type=ORDER, **FORMATS), CASES)


def test_a_wrong_beat_is_told_in_full(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("SIM", "icarus")
    monkeypatch.setenv("STREAMHW_SEED", "7")
    with pytest.raises(BenchError) as error:
        check_kernel(
            Shifted(type=ORDER, **FORMATS), CASES, seed=3, scenarios=("single", "free", "all")
        )
    first, spec, *lines = str(error.value).splitlines()
    assert first == "1 of 1 benches failed in icarus: Shifted" and spec.startswith("Shifted(")
    # The first operand counts twice from the first beat on: -400 + 800 becomes -800 + 800.
    wrong = "o must give 400 (6.25), not 0 (0), at beat 0 of case 0, lane 0, element [0, 0], in"
    for line, scenario in zip(lines[:3], ("single", "free", "all"), strict=True):
        assert re.fullmatch(rf"scenario {scenario}: {re.escape(wrong)} cycle \d+", line)
    seed, log, repeat = lines[3:]
    assert seed == "seed: 3"
    assert "stall_matrix" in Path(log.removeprefix("log: ")).read_text()
    test = request.node.nodeid
    assert repeat == f"repeat: SIM=icarus STREAMHW_SEED=7 python -m pytest {test}"
    shutil.rmtree(error.value.folder)


def test_wrong_timing_is_told() -> None:
    with pytest.raises(AssertionError, match=r"\nscenario single: latency must be 5 cycles, not 4"):
        check_kernel(Slower(type=ORDER, **FORMATS), CASES, scenarios=("single",))


@pytest.mark.parametrize("sim", ["icarus", "verilator"])
def test_wave_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sim: str) -> None:
    """Of each scenario; its beats are those of the golden model, in real numbers."""
    monkeypatch.setenv("SIM", sim)
    monkeypatch.setenv("STREAMHW_WAVES", str(tmp_path))
    spec = AddSpec(type=ORDER, **FORMATS)
    check_kernel(spec, CASES, scenarios=("free", "all"))
    (folder,) = tmp_path.iterdir()
    assert folder.name.endswith(f"test_kernel_bench.py_test_wave_files_{sim}")
    assert sorted(f.name for f in folder.glob("*.fst")) == ["all.fst", "free.fst"]
    for file in folder.glob("*.fst"):
        _, end, found = gtkwave_changes(file)
        assert {name.rpartition(".")[0] for name in found} == {
            f"bench.Add.{port}" for port in ("i_a", "i_b", "o")
        }
        signals = surfer_signals(file)
        for port in spec.ports:
            path, cycles = f"bench.Add.{port.name}", np.arange(end)
            both = (signals[f"{path}.{name}"].at(cycles) == 1 for name in ("valid", "ready"))
            cycles = cycles[np.logical_and(*both)]
            expected = []
            for case in CASES:
                tensors = {**case.inputs, **spec.compute(case.inputs, case.symbol_values)}
                codes = port.type.pack(tensors[port.name], case.symbol_values)
                expected += port.type.fmt.decode(codes).tolist()
            lanes = [signals[f"{path}.lane{n}"].at(cycles) for n in range(port.type.lanes)]
            assert np.stack(lanes, axis=1).tolist() == expected


def test_each_bench_of_a_test_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert waves_folder("Add") is None
    monkeypatch.setenv("STREAMHW_WAVES", str(tmp_path))
    first, second = waves_folder("Add"), waves_folder("Add")
    assert first is not None and second is not None
    assert second.name == f"{first.name}-2" and first.is_dir() and second.is_dir()
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert waves_folder("Add") == tmp_path / "Add"


def test_beats_are_unsigned_with_lane_0_lowest() -> None:
    port = AddSpec(type=ORDER, **FORMATS).input_ports[0]
    beats = beats_of(port, np.array([[1, -1, 2, 3], [4, 5, 6, 7]]), {})
    assert beats == [0xFFF001, 0x003002, 0x005004, 0x007006]
