# SPDX-License-Identifier: Apache-2.0
"""The journal of an exploration: goes on where it stopped, and knows what it is about."""

from pathlib import Path

import pytest

from streamhw.compiler.explore.objective import Invalid
from streamhw.compiler.explore.trial_log import Journal
from streamhw.errors import UserError
from tests.compiler.explore.choices import choice_of, score_of

ABOUT = {"model": "tiny"}


def test_outcomes_come_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "trials.jsonl"
    journal = Journal(file, ABOUT)
    journal.add(choice_of(4), score_of(100.0))
    journal.add(choice_of(8), Invalid("budget: too large"))
    again = Journal(file, ABOUT)
    assert again.outcomes == journal.outcomes
    assert again.outcomes[choice_of(4).key] == score_of(100.0)
    assert again.outcomes[choice_of(8).key] == Invalid("budget: too large")


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "trials.jsonl"
    journal = Journal(file, ABOUT)
    journal.add(choice_of(4), score_of(100.0))
    journal.add(choice_of(8), score_of(90.0))
    file.write_text(file.read_text()[:-5])
    again = Journal(file, ABOUT)
    assert list(again.outcomes) == [choice_of(4).key]
    again.add(choice_of(8), score_of(90.0))
    assert Journal(file, ABOUT).outcomes == journal.outcomes


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "trials.jsonl", ABOUT)
    with pytest.raises(UserError, match=r"^Exploration .* must be of the same model, board"):
        Journal(tmp_path / "trials.jsonl", {"model": "other"})


@pytest.mark.parametrize("line", ["", "{", "[]", "3", "{}", '{"choice": {}}', "[" * 100_000, "\0"])
def test_a_damaged_line_is_dropped(tmp_path: Path, line: str) -> None:
    file = tmp_path / "trials.jsonl"
    journal = Journal(file, ABOUT)
    journal.add(choice_of(4), score_of(100.0))
    whole = file.read_text()
    head, trial, _ = whole.split("\n")
    file.write_text(f"{head}\n{line}\n{trial}\n")
    assert Journal(file, ABOUT).outcomes == journal.outcomes
    assert file.read_text() == whole


def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"^Exploration must be written to .*, but: File exists$"):
        Journal(tmp_path / "file" / "trials.jsonl", ABOUT)
    journal = Journal(tmp_path / "a" / "trials.jsonl", ABOUT)
    (tmp_path / "a" / "trials.jsonl").unlink()
    (tmp_path / "a").rmdir()
    with pytest.raises(UserError, match=r"must be written to .*, but: No such file or directory$"):
        journal.add(choice_of(4), score_of(100.0))
