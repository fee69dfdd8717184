# SPDX-License-Identifier: Apache-2.0
"""The bench of a kernel: hardware against golden under every stall pattern, and its timing."""

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..stream.itensor.itensor import SymbolValues
from ..stream.spec import Direction, KernelSpec, Port, Tensors
from .bench_report import told
from .cocotb_run import BenchError, run_cocotb

__all__ = ["SCENARIOS", "Case", "beats_of", "check_kernel", "waves_folder"]

SCENARIOS = ("single", "free", "alone", "all", "bursts", "pause", "hold", "reset")
"""The stall matrix; ``alone`` stalls each port by itself, one run a port."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One invocation: integer tensors by input port and the values of the symbols.

    A port whose type says nothing about order (``raw``: no loops) takes an array of
    (beats, lanes) or of beats as it is.
    """

    inputs: Tensors
    symbol_values: SymbolValues = field(default_factory=dict)


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

    Raises ``BenchError``, an ``AssertionError``, whose last lines are the first wrong beat of each
    scenario, the seed, the file with the log, and the command that repeats it. With a folder named
    by ``STREAMHW_WAVES``, a wave file of each scenario is in it, in a folder of the test's name.
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
        "waves": None if (waves := waves_folder(spec.label)) is None else str(waves),
        "kernel": spec.label,
        "types": {
            port.name: {**asdict(port.type.fmt), "lanes": port.type.lanes} for port in spec.ports
        },
    }
    try:
        run_cocotb(spec.create(), module="streamhw.testing.stream_bench", stimulus=stimulus)
    except BenchError as error:
        lines = told(error.folder, spec, [case.symbol_values for case in cases], ends)
        shown = [] if waves is None else [f"waves: {waves}"]
        first, *rest = str(error).splitlines()
        text = [f"{first}: {spec.label}", f"{spec!r}", *lines, f"seed: {seed}", *shown, *rest]
        raise BenchError("\n".join(text), error.folder) from None


def waves_folder(kernel: str) -> Path | None:
    """A new folder for the wave files of a bench, if any are wanted."""
    if not (base := os.environ.get("STREAMHW_WAVES")):
        return None
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    name = re.sub(r"[^\w.=+-]+", "_", test or kernel).strip("_")
    numbers = count(1)
    while True:
        number = next(numbers)
        folder = Path(base).absolute() / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder


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
