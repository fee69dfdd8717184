# SPDX-License-Identifier: Apache-2.0
"""Programs of the flow: what is equal is not run again, and what fails says why."""

import sys
from pathlib import Path

import pytest

from streamhw.bitstream.steps import FlowStep, run_steps
from streamhw.errors import ToolError


def step(name: str, inputs: tuple[str, ...], output: str, code: str) -> FlowStep:
    return FlowStep(
        name=name,
        command=(sys.executable, "-c", code),
        inputs=inputs,
        output=output,
        log=f"{name}.log",
    )


def copying(source: str, output: str) -> FlowStep:
    code = (
        f"text = open({source!r}).read(); open('{output}.log', 'w').write('copied ' + text);"
        f"open({output!r}, 'w').write(text)"
    )
    return step(output, (source,), output, code)


CHAIN = (copying("source", "middle"), copying("middle", "end"))


def test_only_what_changed_runs_again(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("one")
    assert list(run_steps(tmp_path, CHAIN, lambda *_: None)) == ["middle", "end"]
    assert (tmp_path / "end").read_text() == "one"
    assert run_steps(tmp_path, CHAIN, lambda *_: None) == {}

    (tmp_path / "end").unlink()
    assert list(run_steps(tmp_path, CHAIN, lambda *_: None)) == ["end"]

    (tmp_path / "source").write_text("two")
    assert list(run_steps(tmp_path, CHAIN, lambda *_: None)) == ["middle", "end"]
    assert (tmp_path / "end").read_text() == "two"

    (tmp_path / "steps.json").write_text("damaged")
    assert list(run_steps(tmp_path, CHAIN, lambda *_: None)) == ["middle", "end"]


def test_another_command_runs_again(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("one")
    run_steps(tmp_path, CHAIN[:1], lambda *_: None)
    other = step("middle", ("source",), "middle", "open('middle', 'w').write('other')")
    assert list(run_steps(tmp_path, (other,), lambda *_: None)) == ["middle"]


def test_a_failure_keeps_what_was_made_before_it(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("one")
    code = (
        "open('place.log', 'w').write('Info: packing\\nERROR: no room for 9 DSPs\\nInfo: 0 s\\n');"
        "raise SystemExit(1)"
    )
    failing = step("place", ("middle",), "end", code)
    with pytest.raises(ToolError, match="place must write end, but stopped: ERROR: no room") as at:
        run_steps(tmp_path, (CHAIN[0], failing), lambda *_: None)
    assert str(tmp_path / "place.log") in str(at.value.hint)
    assert list(run_steps(tmp_path, CHAIN, lambda *_: None)) == ["end"]


def test_a_program_that_writes_nothing_fails(tmp_path: Path) -> None:
    silent = step("pack", (), "bits", "import sys; sys.stderr.write('what?\\n')")
    with pytest.raises(ToolError, match=r"pack must write bits, but stopped: what\?"):
        run_steps(tmp_path, (silent,), lambda *_: None)


def test_an_output_of_an_earlier_failure_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "bits").write_text("stale")
    failing = step("pack", (), "bits", "raise SystemExit(3)")
    with pytest.raises(ToolError, match="pack must write bits"):
        run_steps(tmp_path, (failing,), lambda *_: None)
    assert not (tmp_path / "bits").exists()


def test_progress_is_the_newest_line(tmp_path: Path) -> None:
    code = (
        "import time; open('slow.log', 'w').write('first\\nsecond\\n'); time.sleep(1.2);"
        "open('slow', 'w').write('x')"
    )
    seen: list[tuple[str, str]] = []
    run_steps(tmp_path, (step("slow", (), "slow", code),), lambda *at: seen.append(at))
    assert seen[-1] == ("slow", "second")
