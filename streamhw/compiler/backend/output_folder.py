# SPDX-License-Identifier: Apache-2.0
"""Files written where the user wants them, all of them or none: what is not ours stays."""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from ...errors import UserError
from ...json_file import load_json
from ..ir.json_codec import decode

__all__ = ["check_output", "replace_files"]

PREFIX = ".streamhw-"
"""Of the folder below the output folder in which files are made before they are moved."""
NEW, OLD, PLAN = "new", "old", "plan.json"

Names = Collection[str]


def check_output(folder: Path, writes: Names, ours: Callable[[Path], Names]) -> None:
    """Raises ``UserError`` if files cannot be written to ``folder``: before any work is done.

    writes: their names; ours: the names of files in a folder that earlier ones may be replaced of

    What a process that was killed has left there is put in order first.
    """
    try:
        place = _resolved(folder)
        if os.path.lexists(place):
            if not place.is_dir():
                raise UserError(f"Output must be a folder, not the file {folder}")
            with _locked(place, wait=False) as alone:
                if alone:
                    _settle_all(place)
            _check_names(folder, place, writes, ours(place))
        made = _make(place)
        try:
            with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place):
                pass
        finally:
            _unmake(made)
    except OSError as error:
        _refuse(folder, error)


def replace_files(
    folder: Path, ours: Callable[[Path], Names], fill: Callable[[Path], None], last: str
) -> None:
    """Puts the files that ``fill`` makes into ``folder``, in place of those of ``ours``.

    fill: writes files into the empty folder that it is given
    last: the name of the file that says that all others are there

    An error or an interrupt leaves what was there before; what is cut off by the end of the process
    is put in order by the next ``check_output`` or ``replace_files``. A link in place of a file is
    replaced: what it leads to is not touched. Raises ``UserError`` if that cannot be done.
    """
    try:
        place = _resolved(folder)
        made = _make(place)
    except OSError as error:
        _refuse(folder, error)
    try:
        with _locked(place, wait=True) as alone:
            if alone:
                _settle_all(place)
            work = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            try:
                (work / NEW).mkdir()
                (work / OLD).mkdir()
                fill(work / NEW)
                names = sorted(os.listdir(work / NEW), key=lambda name: (name == last, name))
                earlier = ours(place)
                _check_names(folder, place, names, earlier)
                _exchange(place, work, names, earlier)
                made = []
            finally:
                _settle(place, work)
    except OSError as error:
        raise UserError(f"Build must be written to {folder}, but: {error.strerror}") from None
    finally:
        _unmake(made)


def _resolved(folder: Path) -> Path:
    """The folder that a path means, through all links; raises ``OSError`` if there can be none."""
    try:
        return folder.resolve()
    except (RuntimeError, ValueError):  # links that lead back to themselves; a zero byte
        raise OSError(errno.EINVAL, "no such path can exist") from None


def _refuse(folder: Path, error: OSError) -> NoReturn:
    raise UserError(f"Output folder {folder} must be writable, but: {error.strerror}") from None


def _check_names(folder: Path, place: Path, writes: Names, ours: Names) -> None:
    """Raises ``UserError`` if a file would take the place of one that is not ours."""

    def theirs(name: str) -> bool:
        file = place / name
        folder_there = file.is_dir() and not file.is_symlink()
        return os.path.lexists(file) and (name not in ours or folder_there)

    if found := ", ".join(name for name in sorted(writes) if theirs(name)):
        raise UserError(
            f"Output folder {folder} must have no {found} that streamhw did not write, and it has",
            hint="choose another folder with -o, or move that away",
        )


def _make(place: Path) -> list[Path]:
    """Makes a folder and those above it; gives those that were not there, from below."""
    missing: list[Path] = []
    while not os.path.lexists(place):
        missing.append(place)
        place = place.parent
    try:
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
    except BaseException:
        _unmake(missing)
        raise
    return missing


def _unmake(folders: Iterable[Path]) -> None:
    """Removes folders that were made in vain, from below, as far as nothing is in them."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _locked(place: Path, *, wait: bool) -> Iterator[bool]:
    """Keeps other processes from writing into a folder; gives whether that is so.

    It is not if another one does and ``wait`` is false, or the file system knows no locks.
    """
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            alone = True
        except OSError:
            alone = False
        yield alone
    finally:
        os.close(handle)


def _exchange(place: Path, work: Path, names: list[str], earlier: Names) -> None:
    """Moves earlier files away and new ones to their place; the last name says that all is done."""
    (work / PLAN).write_text(json.dumps(names))
    for name in sorted(earlier, key=lambda name: (name != names[-1], name)):
        if os.path.lexists(place / name):
            os.rename(place / name, work / OLD / name)
    for name in names:
        os.rename(work / NEW / name, place / name)


def _settle_all(place: Path) -> None:
    """Puts in order what processes have left that were killed."""
    for work in sorted(place.glob(f"{PREFIX}*")):
        if (work / NEW).is_dir() and not work.is_symlink():
            _settle(place, work)


def _settle(place: Path, work: Path) -> None:
    """Undoes an exchange that did not come to its end, then removes the working folder."""
    try:
        names = decode(tuple[str, ...], load_json(work / PLAN))
    except (FileNotFoundError, ValueError):  # nothing was moved yet
        names = ()
    if any(os.path.lexists(work / NEW / name) for name in names):
        for name in names:
            if not os.path.lexists(work / NEW / name):
                os.rename(place / name, work / NEW / name)
        for name in os.listdir(work / OLD):
            os.rename(work / OLD / name, place / name)
    shutil.rmtree(work, ignore_errors=True)
