# SPDX-License-Identifier: Apache-2.0
"""Wave files of a simulated stand-in: its beats at their cycles, exact windows, interruption."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.numerics.fixed import Fixed
from streamhw.runtime.driver import generate
from streamhw.sim import device as device_module
from streamhw.sim.device import SimDevice
from streamhw.sim.library import Harness
from streamhw.sim.verilator import build
from streamhw.sim.wave_recorder import WavePlan
from streamhw.waves.shown_stream import Place, ShownStream
from streamhw.waves.stream_waves import StreamWaves
from tests.sim.standin import Standin
from tests.waves.reader import ReadSignal, gtkwave_changes, surfer_signals

PROMPT, COUNT = [3, 5, 1], 6
SUM = "layer.sum.i"
Open = Callable[[], SimDevice]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens devices of the stand-in."""
    spec, folder = Standin(), tmp_path_factory.mktemp("waves")
    made = build([spec.write(folder)], spec.manifest, observed=True)
    return lambda: SimDevice(spec.manifest, made, spec.image(1))


def plan(file: Path, **choices: object) -> WavePlan:
    places = (Place(group="layer", kernel="sum", port="i"),)
    width = Standin().width // 2
    stream = ShownStream(name="h_sum", fmt=Fixed(width, signed=False), lanes=2, places=places)
    return WavePlan(file=file, streams=(stream,), **choices)


def answered(device: SimDevice) -> None:
    assert len(list(generate(device, PROMPT, count=COUNT))) == COUNT


def window(file: Path) -> tuple[int, int]:
    begin, end, _ = gtkwave_changes(file)
    return begin, end


def passed(signals: dict[str, ReadSignal], begin: int, end: int) -> np.ndarray:
    """Cycles in which a beat passes."""
    cycles = np.arange(begin, end)
    both = (signals[f"{SUM}.{name}"].at(cycles) == 1 for name in ("valid", "ready"))
    return cycles[np.logical_and(*both)]


@pytest.mark.parametrize("part", [20_000, 37])
def test_all_beats(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(device_module, "WAVE_SLICE", part)
    file = tmp_path / "w.fst"
    with opened() as device:
        begin = device.cycle
        device.time()
        device.record(plan(file))
        answered(device)
        beats, cycles = device.take("h_sum"), device.timed()["h_sum"]
        end = device.cycle
        device.check_recorded()
    assert window(file) == (begin, end)
    signals = surfer_signals(file)
    assert (passed(signals, begin, end) == cycles).all() and len(cycles) > 20
    for lane in range(2):
        expected = np.ascontiguousarray(beats).view("<u4")[:, lane]
        assert (signals[f"{SUM}.lane{lane}"].at(cycles) == expected).all()


@pytest.mark.parametrize(("cycle", "cycles"), [(40, 1), (41, 100), (77, 64)])
def test_a_window_of_cycles(opened: Open, tmp_path: Path, cycle: int, cycles: int) -> None:
    whole, part = tmp_path / "whole.fst", tmp_path / "part.fst"
    for file, choices in ((whole, {}), (part, {"cycle": cycle, "cycles": cycles})):
        with opened() as device:
            device.record(plan(file, **choices))
            answered(device)
    assert window(part) == (cycle, cycle + cycles)
    inside = np.arange(cycle, cycle + cycles)
    of_whole, of_part = surfer_signals(whole), surfer_signals(part)
    for name in ("valid", "ready"):
        path = f"{SUM}.{name}"
        assert (of_part[path].at(inside) == of_whole[path].at(inside)).all()


@pytest.mark.parametrize("before", [0, 5])
def test_a_window_from_a_transfer(opened: Open, tmp_path: Path, before: int) -> None:
    file = tmp_path / "w.fst"
    with opened() as device:
        device.time()
        device.record(plan(file, after=("h_sum", before), cycles=30))
        answered(device)
        cycles = device.timed()["h_sum"].astype(np.int64)
    assert window(file) == (cycles[before], cycles[before] + 30)
    inside = cycles[(cycles >= cycles[before]) & (cycles < cycles[before] + 30)]
    assert (passed(surfer_signals(file), *window(file)) == inside).all()


def test_what_was_recorded_before_an_interrupt_is_in_the_file(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_module, "WAVE_SLICE", 50)
    file, last = tmp_path / "w.fst", 0

    def interrupt() -> None:
        nonlocal last
        last = device.cycle
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), opened() as device:
        begin = device.cycle
        device.record(plan(file))
        device.pause(130, interrupt)
        answered(device)
    assert window(file) == (begin, last)
    assert len(passed(surfer_signals(file), begin, last)) > 2


@pytest.mark.parametrize("where", ["add", "forget"])
def test_an_interrupt_while_it_is_written_loses_nothing(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the second part is in the file, or after."""
    monkeypatch.setattr(device_module, "WAVE_SLICE", 50)
    whole, file = tmp_path / "whole.fst", tmp_path / "w.fst"
    with opened() as device:
        device.record(plan(whole))
        answered(device)
    calls = count()
    kind, name = (StreamWaves, "add") if where == "add" else (Harness, "forget_recorded")
    original = getattr(kind, name)

    def interrupted(*arguments: object) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        original(*arguments)

    monkeypatch.setattr(kind, name, interrupted)
    with pytest.raises(KeyboardInterrupt), opened() as device:
        device.record(plan(file))
        answered(device)
    begin, end, found = gtkwave_changes(file)
    assert begin < end and end - begin > 60
    _, _, all_found = gtkwave_changes(whole)
    assert found == {path: [c for c in all_found[path] if c[0] < end] for path in found}


def test_a_window_that_never_comes(opened: Open, tmp_path: Path) -> None:
    with opened() as device:
        device.record(plan(tmp_path / "w.fst", cycle=10**6))
        answered(device)
        with pytest.raises(UserError, match="Waves must begin within the simulation, which ended"):
            device.check_recorded()
    assert list(tmp_path.iterdir()) == []
