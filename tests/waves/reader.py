# SPDX-License-Identifier: Apache-2.0
"""Wave files read back by the readers of GTKWave (pylibfst) and Surfer (pywellen)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pywellen
from numpy.typing import NDArray
from pylibfst import ffi, helpers, lib

__all__ = ["ReadSignal", "gtkwave_changes", "names_in_save_files", "surfer_signals"]


@dataclass(frozen=True)
class ReadSignal:
    """A signal's changes: times, and values as floats (real signals) or integers."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    def at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Values at some times; each must follow the first change."""
        places = np.searchsorted(self.times, times, side="right") - 1
        assert (places >= 0).all()
        return self.values[places]


def surfer_signals(file: Path) -> dict[str, ReadSignal]:
    """All signals, by name; what is X or NaN at first is left out."""
    found = {}
    for variable in pywellen.Waveform(str(file)).all_vars():
        changes = [(t, v) for t, v in variable.signal if not isinstance(v, str) and v == v]
        found[variable.full_name] = ReadSignal(
            np.array([t for t, _ in changes], dtype=np.int64),
            np.array([float(v) for _, v in changes]),
        )
    return found


def gtkwave_changes(file: Path) -> tuple[int, int, Mapping[str, list[tuple[int, str]]]]:
    """First and last time, and all changes as they are told, by name; without those at the begin
    to what is not known."""
    reader = lib.fstReaderOpen(str(file).encode())
    assert reader != ffi.NULL
    try:
        begin, end = lib.fstReaderGetStartTime(reader), lib.fstReaderGetEndTime(reader)
        _, signals = helpers.get_scopes_signals2(reader)
        by_handle: dict[int, list[tuple[int, str]]] = {
            s.handle: [] for s in signals.by_name.values()
        }

        def told(_: object, time: int, handle: int, value: object) -> None:
            text = value if isinstance(value, str) else ffi.string(value).decode()
            if "x" not in text and text != "nan":
                by_handle[handle].append((time, text))

        lib.fstReaderSetFacProcessMaskAll(reader)
        helpers.fstReaderIterBlocks(reader, told)
    finally:
        lib.fstReaderClose(reader)
    return begin, end, {name: by_handle[s.handle] for name, s in signals.by_name.items()}


def names_in_save_files(file: Path) -> tuple[list[str], list[str]]:
    """Names of signals in the save file of GTKWave, whose groups must close in the order in which
    they open, and in that of Surfer."""
    first, *lines = file.with_suffix(".gtkw").read_text().splitlines()
    assert first == f'[dumpfile] "{file.absolute()}"'
    names, opened, flags = [], [], 0
    for line in lines:
        if line.startswith("@"):
            flags = int(line[1:], 16)
        elif line.startswith("-"):
            if flags & 1 << 23:
                opened.append(line)
            else:
                assert flags & 1 << 24 and opened.pop() == line
        elif not line.startswith("["):
            assert opened
            names.append(line.partition("[")[0])
    assert not opened
    commands = [line.split(" ") for line in file.with_suffix(".sucl").read_text().splitlines()]
    assert {command[0] for command in commands} == {"divider_add", "variable_add", "zoom_fit"}
    return names, [command[1] for command in commands if command[0] == "variable_add"]
