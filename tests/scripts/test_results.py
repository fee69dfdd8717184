# SPDX-License-Identifier: Apache-2.0
"""scripts/results.py: commands run, figures are found, and only their own row changes."""

import re
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "results.py"))
PAGE = """# Results

| not | a row |
<!-- results: begin -->
| name | what | figures | command | measured |
| --- | --- | --- | --- | --- |
| one | a claim | 1 | `c` | then |
| two | a claim | 2 | `c` | then |
<!-- results: end -->
"""


def result(**fields: Any) -> Any:
    wanted = {"name": "one", "what": "a claim", "command": "c", "patterns": ("x",), **fields}
    return SCRIPT["Result"](**wanted)


def test_one_row_changes() -> None:
    row = SCRIPT["row_of"](result(), "7 cycles", "now")
    page = SCRIPT["with_row"](PAGE, "one", row)
    assert SCRIPT["rows_of"](page) == {
        "one": "| one | a claim | 7 cycles | `c` | now |",
        "two": "| two | a claim | 2 | `c` | then |",
    }
    assert page.replace(row, "| one | a claim | 1 | `c` | then |") == PAGE


def test_figures_stand_where_the_cell_says() -> None:
    wanted = result(patterns=(r"answer\W+(\d+)", r"in ([\d.]+) s"), cell="{1} s, {0} cycles")
    assert SCRIPT["figures_of"](wanted, "│ answer │ 12 │\nin 3.5 s\n") == "3.5 s, 12 cycles"
    assert SCRIPT["figures_of"](wanted, "answer 12\n") is None


def test_without_a_cell_all_lines_are_figures() -> None:
    wanted = result(patterns=(r"^(.*%.*)$",))
    assert SCRIPT["figures_of"](wanted, "│ a │ 1 % │\nno\n| b | 2 % |\n") == "a / 1 %; b / 2 %"
    assert SCRIPT["figures_of"](wanted, "nothing\n") is None


def test_a_command_that_fails_has_no_figures(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("print('12 passed')\n")
    bad.write_text("print('12 passed')\nraise SystemExit(1)\n")
    assert SCRIPT["run"](result(command=str(good))) == "12 passed\n"
    assert SCRIPT["run"](result(command=str(bad))) is None


@pytest.mark.parametrize("wanted", SCRIPT["RESULTS"], ids=lambda wanted: wanted.name)
def test_cells_take_the_groups_of_their_patterns(wanted: Any) -> None:
    groups = sum(re.compile(pattern).groups for pattern in wanted.patterns)
    used = {int(number) for number in re.findall(r"{(\d+)}", wanted.cell)}
    assert used == (set(range(groups)) if wanted.cell else set())
    assert wanted.cell or (groups == 1 and len(wanted.patterns) == 1)
