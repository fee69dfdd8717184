# SPDX-License-Identifier: Apache-2.0
"""scripts/compile_times.py: what a checkout's build takes is measured, and ratios are told."""

from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "compile_times.py"))
BUSY = "sum(i * i for i in range(400_000))"


def checkout(folder: Path, *, at: str, code: int = 0) -> Path:
    """A package that has ``emit`` in a module, and works before and behind it."""
    package = folder / "streamhw"
    for name in (package, package / at):
        name.mkdir(parents=True, exist_ok=True)
        (name / "__init__.py").write_text("")
    (package / at / "build.py").write_text(
        f"def emit():\n    return {BUSY}\ndef build():\n    emit()\n    {BUSY}\n"
    )
    (package / "__main__.py").write_text(
        "import os\n"
        f"from .{at} import build\n"
        "def main(arguments):\n"
        "    assert arguments[:4] == ['build', 'tiny', '--board', 'sim'], arguments\n"
        "    assert 'cache-' in os.environ['STREAMHW_CACHE']\n"
        f"    build.build()\n    return {code}\n"
    )
    return folder


@pytest.mark.parametrize("at", ["api", "commands"])
def test_seconds_to_verilog_are_a_part_of_all(tmp_path: Path, at: str) -> None:
    home = checkout(tmp_path / "old", at=at)
    spent = SCRIPT["measured"]("tiny", "sim", home, tmp_path)
    assert 0 < spent.verilog < spent.build
    assert spent.peak > 1 << 20


def test_a_failed_build_is_no_measurement(tmp_path: Path) -> None:
    home = checkout(tmp_path / "old", at="api", code=4)
    with pytest.raises(SystemExit, match="Build of tiny"):
        SCRIPT["measured"]("tiny", "sim", home, tmp_path)


def test_ratios_are_of_the_earlier_checkout() -> None:
    spent = SCRIPT["Spent"]
    found = {
        "before": spent(verilog=60, build=80, peak=1),
        "cold": spent(verilog=27, build=36, peak=1),
        "warm": spent(verilog=6, build=10, peak=1),
    }
    assert SCRIPT["ratios"](found) == "build 45%, to Verilog 45%, again 10%"
    del found["warm"]
    assert SCRIPT["ratios"](found) == "build 45%, to Verilog 45%"
    del found["before"]
    assert SCRIPT["ratios"](found) == ""
