# SPDX-License-Identifier: Apache-2.0
"""What a failed kernel bench says: where the first wrong beat is, and what it must be."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..stream.itensor.itensor import SymbolValues
from ..stream.spec import KernelSpec, Port

__all__ = ["FAILURES_FILE", "told"]

FAILURES_FILE = "failures.json"
"""What the bench inside the simulator writes beside its stimulus."""
MOST = 4
"""Scenarios that are told in full."""


def told(
    folder: Path, spec: KernelSpec, cases: Sequence[SymbolValues], ends: Sequence[Mapping[str, int]]
) -> list[str]:
    """A line for each scenario that failed; none if the bench did not come that far.

    cases: values of their symbols; ends: beats by port until the end of each
    """
    file = folder / FAILURES_FILE
    if not file.is_file():
        return []
    failures = json.loads(file.read_text())
    ports = {port.name: port for port in spec.ports}
    lines = []
    for failure in failures[:MOST]:
        says = failure.get("says") or _wrong_beat(failure, ports[failure["port"]], cases, ends)
        lines.append(f"scenario {failure['scenario']}: {says}")
    if len(failures) > MOST:
        lines.append(f"and {len(failures) - MOST} scenarios more")
    return lines


def _wrong_beat(
    failure: Mapping[str, int],
    port: Port,
    cases: Sequence[SymbolValues],
    ends: Sequence[Mapping[str, int]],
) -> str:
    type, number = port.type, failure["beat"]
    width = type.fmt.width
    wrong = failure["expected"] ^ failure["found"]
    lane = next(lane for lane in range(type.lanes) if wrong >> lane * width & (1 << width) - 1)
    expected, found = (
        _number(failure[what] >> lane * width, port) for what in ("expected", "found")
    )
    case = next(case for case, end in enumerate(ends) if number < end[port.name])
    within = number - (ends[case - 1][port.name] if case else 0)
    where = f"beat {within} of case {case}, lane {lane}"
    if type.loops:
        offset = type.order(cases[case])[within]
        inner = np.unravel_index(lane, type.tile)
        element = [int(o + i) for o, i in zip(offset, inner, strict=True)]
        where += f", element {element}"
    cycle = failure["cycle"]
    return f"{port.name} must give {expected}, not {found}, at {where}, in cycle {cycle}"


def _number(bits: int, port: Port) -> str:
    """A code, and what it is in real numbers if that is something else."""
    fmt = port.type.fmt
    code = bits & (1 << fmt.width) - 1
    if fmt.signed and code >> fmt.width - 1:
        code -= 1 << fmt.width
    return f"{code} ({code * fmt.step:g})" if fmt.frac else f"{code}"
