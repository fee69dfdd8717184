# SPDX-License-Identifier: Apache-2.0
"""Whatever a folder holds, files are written into it whole or not at all, and theirs stay."""

import errno
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamhw.compiler.backend.output_folder import check_output, replace_files
from streamhw.errors import UserError

OURS = ("a.v", "b.bin", "list")
"""What is written here; ``list`` names the files, and is the last."""


def ours(folder: Path) -> set[str]:
    file = folder / "list"
    content = file.read_text().split() if file.is_file() else []
    return set(content[1:]) if content[:1] == ["ours:"] else set()


def fill_with(text: str, names: tuple[str, ...] = OURS) -> Callable[[Path], None]:
    def fill(work: Path) -> None:
        for name in names:
            content = f"ours: {' '.join(names)}" if name == "list" else text
            (work / name).write_text(content)

    return fill


def write(folder: Path, text: str = "first", names: tuple[str, ...] = OURS) -> None:
    check_output(folder, names, ours)
    replace_files(folder, ours, fill_with(text, names), "list")


def tree(folder: Path) -> dict[str, str]:
    """Everything below a folder: text of files, where links lead, folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        else:
            found[name] = "folder" if path.is_dir() else path.read_text()
    return found


NAMES = st.sampled_from([*OURS, "mine.txt", ".hidden", "a.v.old", "notes"])
KINDS = st.sampled_from(["file", "link", "lost link", "folder"])


@given(theirs=st.dictionaries(NAMES, KINDS), earlier=st.booleans(), stop=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_theirs_stays(
    tmp_path_factory: pytest.TempPathFactory, theirs: dict[str, str], earlier: bool, stop: bool
) -> None:
    """Files, links and folders of the user's beside, in place of or before ours."""
    home = tmp_path_factory.mktemp("home")
    out = home / "out"
    (home / "elsewhere").write_text("theirs")
    if earlier:
        write(out)
    out.mkdir(exist_ok=True)
    for name, kind in theirs.items():
        (out / name).unlink(missing_ok=True)
        if kind == "folder":
            (out / name).mkdir()
            (out / name / "inside").write_text("theirs")
        elif kind == "file":
            (out / name).write_text("theirs")
        else:
            (out / name).symlink_to(home / ("elsewhere" if kind == "link" else "nowhere"))
    before = tree(home)
    listed = ours(out)

    def stopped(work: Path) -> None:
        fill_with("second")(work)
        raise KeyboardInterrupt

    try:
        check_output(out, OURS, ours)
        replace_files(out, ours, stopped if stop else fill_with("second"), "list")
    except (UserError, KeyboardInterrupt):
        assert tree(home) == before
        return
    after = tree(home)
    assert {n for n in OURS if f"out/{n}" in before} <= listed
    changed = {f"out/{name}" for name in OURS}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert [after[f"out/{name}"] for name in OURS[:2]] == ["second", "second"]


def test_a_file_that_is_no_longer_written_goes(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "second", ("a.v", "list"))
    assert tree(tmp_path) == {"a.v": "second", "list": "ours: a.v list"}


@pytest.mark.parametrize("typed", [".", "..", "out/", "./out", "out/../out", "new/below", "a..."])
def test_any_spelling_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    home = tmp_path / "home"
    (home / "here" / "out").mkdir(parents=True)
    monkeypatch.chdir(home / "here")
    for text in ("first", "second"):
        write(Path(typed), text)
        assert (Path(typed) / "a.v").read_text() == text
    assert not [name for name in tree(tmp_path) if ".streamhw" in name]


def test_links_to_folders(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    (tmp_path / "lost").symlink_to(tmp_path / "new" / "disk")
    for name, real in (("out", "disk"), ("lost", "new/disk")):
        write(tmp_path / name)
        write(tmp_path / name, "second")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / real / "a.v").read_text() == "second"
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(UserError, match=r"^Output .*circle.* must be (writable|a folder)"):
        write(tmp_path / "circle")


def test_a_link_to_a_file_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out)
    (tmp_path / "moved").write_bytes((out / "b.bin").read_bytes())
    (out / "b.bin").unlink()
    (out / "b.bin").symlink_to(tmp_path / "moved")
    write(out, "second")
    assert (tmp_path / "moved").read_text() == "first"
    assert (out / "b.bin").read_text() == "second" and not (out / "b.bin").is_symlink()


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("theirs")
    for folder, words in (
        (tmp_path / "file", r"^Output must be a folder, not the file"),
        (tmp_path / "file" / "below", r"must be writable, but: Not a directory$"),
        (Path("/proc"), r"^Output folder /proc must be writable, but: "),
        (Path("/proc/none/below"), r"^Output folder /proc/none/below must be writable, but: "),
        (tmp_path / ("n" * 300), r"must be writable, but: File name too long$"),
        (tmp_path / "a\0b", r"must be writable, but: no such path can exist$"),
    ):
        with pytest.raises(UserError, match=words):
            check_output(folder, OURS, ours)
        with pytest.raises(UserError, match=r"^(Output|Build) .*must be "):
            replace_files(folder, ours, fill_with("x"), "list")
    assert tree(tmp_path) == {"file": "theirs"}


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_a_move_that_fails_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool, at: int
) -> None:
    """The disk is full, or the user interrupts, at any of the moves."""
    out = tmp_path / "a" / "out"
    if earlier:
        write(out)
    before = tree(tmp_path)
    rename, count = os.rename, 0

    def failing(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count == at + 1:
            raise [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")][at % 2]
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    try:
        write(out, "second")
    except (KeyboardInterrupt, UserError):
        assert tree(tmp_path) == before
    else:
        assert count <= at and (out / "a.v").read_text() == "second"


def _killed(out: Path, at: int) -> None:
    rename, count = os.rename, 0

    def dying(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count == at + 1:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)

    pytest.MonkeyPatch().setattr(os, "rename", dying)
    write(out, "second")


@pytest.mark.parametrize("at", range(6))
def test_a_process_that_is_killed_is_undone_by_the_next(tmp_path: Path, at: int) -> None:
    write(tmp_path)
    (tmp_path / "mine.txt").write_text("theirs")
    before = tree(tmp_path)
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path, at))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    check_output(tmp_path, OURS, ours)
    assert tree(tmp_path) == before


def test_two_that_write_at_once_do_not_mix(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(tmp_path, f"text {i}")) for i in range(8)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
        assert process.exitcode == 0
    found = tree(tmp_path)
    assert found.keys() == set(OURS) and found["a.v"] == found["b.bin"]


@pytest.mark.parametrize("plan", ["", "[1]", "{}", "3", '["a.v"', "[" * 100_000])
def test_a_damaged_plan_is_none(tmp_path: Path, plan: str) -> None:
    write(tmp_path)
    before = tree(tmp_path)
    work = tmp_path / ".streamhw-left"
    for name in ("new", "old"):
        (work / name).mkdir(parents=True)
    (work / "plan.json").write_text(plan)
    check_output(tmp_path, OURS, ours)
    assert tree(tmp_path) == before
