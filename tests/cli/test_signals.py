# SPDX-License-Identifier: Apache-2.0
"""A signal ends a command as Ctrl-C does, with the exit code that shells give it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streamhw.__main__ import main
from streamhw.cli.signals import Ended, ended_by_signals
from streamhw.commands import listing


def test_a_signal_unwinds() -> None:
    before = signal.getsignal(signal.SIGTERM)
    tidied = False
    with pytest.raises(Ended) as stop, ended_by_signals():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            tidied = True
    assert tidied and stop.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_have_no_signals() -> None:
    done: list[bool] = []

    def body() -> None:
        with ended_by_signals():
            done.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_exit_codes(
    number: signal.Signals,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(listing, "list_installed", lambda *_: os.kill(os.getpid(), number))
    # under nohup it is ignored, and stays so
    before = signal.signal(number, signal.SIG_DFL)
    try:
        assert main(["list", "boards"]) == code
    finally:
        signal.signal(number, before)
    assert capsys.readouterr().err == "terminated: nothing was left half-written\n"


def test_a_fault_that_nobody_foresaw_has_the_code_of_faults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("name")

    monkeypatch.setattr(listing, "list_installed", broken)
    assert main(["list", "boards"]) == 5
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-2] == "error: Command must not fail with KeyError: 'name'"


def test_a_full_disk_behind_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert main(["list", "boards"]) == 2
    said = capsys.readouterr().err
    assert said == "error: Standard output must be writable, but: No space left on device\n"


@pytest.mark.parametrize("typed", ["", "--help", "--version", "build --help", "list"])
def test_a_full_disk_behind_help(typed: str) -> None:
    """A process of its own: Python flushes once more at its end."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "streamhw", *typed.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=plain,
        )
    said = "error: Standard output must be writable, but: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_errors_that_nobody_can_read_keep_their_code() -> None:
    command = [sys.executable, "-m", "streamhw", "explain", "nothing"]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, stderr=full).returncode == 2
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert subprocess.run(command, stderr=writer).returncode == 2
    finally:
        os.close(writer)


def test_a_closed_pipe_has_its_exit_code() -> None:
    """A real pipe, which rich sees before the command line does."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "streamhw", "list", "boards"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
