# SPDX-License-Identifier: Apache-2.0
"""Wave files of streams: every beat's lanes at its cycle, in numbers or bits, in several parts."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.numerics.fixed import Fixed
from streamhw.waves.shown_stream import Place, ShownStream
from streamhw.waves.stream_waves import WAVE_FILES, StreamChanges, StreamWaves
from tests.waves.reader import gtkwave_changes, names_in_save_files, surfer_signals

BEGIN, PART, PARTS = 40, 50, 4


def stream(fmt: Fixed, lanes: int, *kernels: str, **options: object) -> ShownStream:
    places = tuple(Place(group="layer", kernel=kernel, port="i") for kernel in kernels)
    return ShownStream(name="s", fmt=fmt, lanes=lanes, places=places, **options)


def changes_of(codes: np.ndarray, fmt: Fixed, first: int) -> StreamChanges:
    """A beat every second cycle, valid but not ready in the one before."""
    masks = np.array([[int(c) & (1 << fmt.width) - 1 for c in row] for row in codes], dtype=object)
    words = [sum(c << i * fmt.width for i, c in enumerate(row)) for row in masks]
    size = -(-codes.shape[1] * fmt.width // 8)
    beats = np.array([list(int(w).to_bytes(size, "little")) for w in words], dtype=np.uint8)
    cycles = np.arange(PART)
    return StreamChanges(
        cycles=cycles,
        hands=np.where(cycles % 2, 3, 1).astype(np.uint8),
        offered=cycles[::2],
        numbers=first + np.arange(len(codes)),
        beats=beats.reshape(-1, size),
    )


@pytest.mark.parametrize(
    "fmt", [Fixed(8), Fixed(24, 16), Fixed(5, 2, signed=False), Fixed(1, signed=False), Fixed(53)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_lanes_are_numbers(tmp_path: Path, fmt: Fixed, seed: int) -> None:
    rng, file, lanes = np.random.default_rng(seed), tmp_path / "w.fst", 3
    waves = StreamWaves(file, [stream(fmt, lanes, "a", "b")], begin=BEGIN)
    parts = [
        rng.integers(fmt.minimum, fmt.maximum, (PART // 2, lanes), endpoint=True)
        for _ in range(PARTS)
    ]
    parts[1][:] = parts[0][-1]  # nothing changes in a part
    for number, codes in enumerate(parts):
        waves.add(PART, {"s": changes_of(codes, fmt, number * PART // 2)})
    waves.close()
    signals = surfer_signals(file)
    times = BEGIN + np.arange(PART * PARTS)
    for kernel in "ab":
        path = f"layer.{kernel}.i"
        assert (signals[f"{path}.valid"].at(times) == 1).all()
        assert (signals[f"{path}.ready"].at(times) == np.arange(PART * PARTS) % 2).all()
        for lane in range(lanes):
            expected = fmt.decode(np.concatenate(parts)[:, lane])
            found = signals[f"{path}.lane{lane}"]
            assert (found.at(times[::2]) == expected).all()
            assert len(found.times) == 1 + np.count_nonzero(np.diff(expected))


def test_sizes_of_codes(tmp_path: Path) -> None:
    """Two beats of equal codes are different numbers if lanes have other sizes."""
    fmt, file = Fixed(8), tmp_path / "w.fst"
    shown = stream(fmt, 2, "a", sizes=lambda n: np.stack([n + 1.0, 0.5 * (n + 1)], axis=1))
    waves = StreamWaves(file, [shown], begin=0)
    waves.add(PART, {"s": changes_of(np.full((PART // 2, 2), -4), fmt, 10)})
    waves.close()
    times, numbers = np.arange(PART)[::2], np.arange(10, 10 + PART // 2)
    found = surfer_signals(file)
    assert (found["layer.a.i.lane0"].at(times) == -4.0 * (numbers + 1)).all()
    assert (found["layer.a.i.lane1"].at(times) == -2.0 * (numbers + 1)).all()


def test_interrupted_cycles_are_added_again(tmp_path: Path) -> None:
    fmt, file = Fixed(8), tmp_path / "w.fst"
    interrupts = iter((False, True, False))

    def sizes(numbers: np.ndarray) -> np.ndarray:
        return np.ones((len(numbers), 1))

    def interrupted(numbers: np.ndarray) -> np.ndarray:
        if next(interrupts):
            raise KeyboardInterrupt
        return sizes(numbers)

    places = (Place(group="layer", kernel="b", port="i"),)
    other = ShownStream(name="t", fmt=fmt, lanes=1, places=places, sizes=interrupted)
    waves = StreamWaves(file, [stream(fmt, 1, "a", sizes=sizes), other], begin=0)
    first, second = (changes_of(np.full((PART // 2, 1), code), fmt, 0) for code in (3, 5))
    waves.add(PART, {"s": first, "t": first})
    with pytest.raises(KeyboardInterrupt):
        waves.add(PART, {"s": second, "t": second})
    assert waves.cycles == PART
    waves.add(PART, {"s": second, "t": second})
    waves.close()
    for path, found in surfer_signals(file).items():
        if path.endswith("lane0"):
            assert (found.times.tolist(), found.values.tolist()) == ([0, PART], [3, 5])


@pytest.mark.parametrize("width", [65, 512])
def test_words_of_memory_are_bits(tmp_path: Path, width: int) -> None:
    fmt, file, rng = Fixed(width, signed=False), tmp_path / "w.fst", np.random.default_rng(width)
    words = [int.from_bytes(rng.bytes(64), "little") >> 512 - width for _ in range(PART // 2)]
    waves = StreamWaves(file, [stream(fmt, 1, "a")], begin=BEGIN)
    waves.add(PART, {"s": changes_of(np.array(words, dtype=object)[:, None], fmt, 0)})
    waves.close()
    begin, end, found = gtkwave_changes(file)
    assert (begin, end) == (BEGIN, BEGIN + PART)
    expected = [(BEGIN + 2 * i, f"{word:0{width}b}") for i, word in enumerate(words)]
    assert found["layer.a.i.payload"] == expected


def test_viewers_are_told_all_signals(tmp_path: Path) -> None:
    file = tmp_path / "w.fst"
    wide = ShownStream(
        name="t", fmt=Fixed(512), lanes=1, places=(Place(group="tail", kernel="c", port="o"),)
    )
    waves = StreamWaves(file, [stream(Fixed(8), 3, "a", "b"), wide], begin=0)
    waves.add(1, {})
    waves.close()
    _, _, found = gtkwave_changes(file)
    for names in names_in_save_files(file):
        assert sorted(names) == sorted(found)
    assert {path.suffix for path in tmp_path.iterdir()} == set(WAVE_FILES)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Wave file .*w.fst must be writable, but: No such file"):
        StreamWaves(tmp_path / "none" / "w.fst", [stream(Fixed(8), 1, "a")], begin=0)
