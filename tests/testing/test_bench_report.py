# SPDX-License-Identifier: Apache-2.0
"""Where a wrong beat is: its case, lane and element, also of several symbols and raw ports."""

import json
from pathlib import Path

from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol
from streamhw.testing.bench_report import FAILURES_FILE, told

ORDER = ITensor(
    Fixed(8), (1, 4), (Loop(Symbol("tokens", 4), dim=0, step=1), Loop(2, dim=1, step=4))
)
SPEC = AddSpec(type=ORDER, a=Fixed(8), b=Fixed(8), out=Fixed(8, 2))
CASES = [{"tokens": 1}, {"tokens": 3}]
ENDS = [{"o": 2, "i_a": 2, "i_b": 2}, {"o": 8, "i_a": 8, "i_b": 8}]


def lines(folder: Path, failures: list[dict[str, object]]) -> list[str]:
    (folder / FAILURES_FILE).write_text(json.dumps(failures))
    return told(folder, SPEC, CASES, ENDS)


def test_a_wrong_beat(tmp_path: Path) -> None:
    wrong = {"scenario": "all", "port": "o", "beat": 5, "cycle": 90,
             "expected": 0x01FF0203, "found": 0x01FE0203}  # fmt: skip
    assert lines(tmp_path, [wrong]) == [
        "scenario all: o must give -1 (-0.25), not -2 (-0.5), at beat 3 of case 1, lane 2, "
        "element [1, 6], in cycle 90"
    ]


def test_other_failures(tmp_path: Path) -> None:
    failures = [{"scenario": f"s{n}", "says": "no end"} for n in range(6)]
    assert lines(tmp_path, failures) == [
        *(f"scenario s{n}: no end" for n in range(4)),
        "and 2 scenarios more",
    ]


def test_a_bench_that_wrote_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, SPEC, CASES, ENDS) == []
