# SPDX-License-Identifier: Apache-2.0
"""FST files against the readers of GTKWave and Surfer: random changes of all kinds of signals."""

from pathlib import Path

import numpy as np
import pytest

from streamhw.waves.fst import REAL, FstChanges, FstFile, FstScope, FstVariable
from tests.waves.reader import gtkwave_changes, surfer_signals

BEGIN, LENGTH, BLOCKS = 1000, 300, 3
WIDTHS = (1, REAL, 12, 70, REAL, 1, 3)
NAMES = ("bit", "number", "word", "wide", "still", "other", "late")
STILL, LATE = 4, 6


def scopes() -> list[FstScope]:
    def shown(*signals: int) -> tuple[FstVariable, ...]:
        return tuple(FstVariable(name=NAMES[signal], signal=signal) for signal in signals)

    inner = FstScope(name="inner", variables=shown(2, 3, 0))
    return [
        FstScope(name="a", variables=shown(0, 1), scopes=(inner,)),
        FstScope(name="b", variables=shown(4, 5, 6)),
    ]


def random_changes(
    rng: np.random.Generator, width: int, count: int
) -> tuple[FstChanges, list[str]]:
    """Changes, and the texts that readers must have of them."""
    times = np.sort(rng.choice(LENGTH, count, replace=False)).astype(np.int64)
    if width == REAL:
        numbers = rng.normal(size=count)
        values = numbers.astype("<f8").view(np.uint8).reshape(-1, 8)
        return FstChanges(times=times, values=values), [repr(float(n)) for n in numbers]
    bits = rng.integers(0, 2, (count, width), dtype=np.uint8)
    values = bits if width == 1 else np.packbits(bits, axis=1)
    return FstChanges(times=times, values=values), ["".join(map(str, row)) for row in bits]


@pytest.mark.parametrize("seed", range(3))
def test_both_readers_find_what_was_written(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    file = FstFile(tmp_path / "a.fst", WIDTHS, scopes(), begin=BEGIN)
    told: list[list[tuple[int, str]]] = [[] for _ in WIDTHS]
    for block in range(BLOCKS):
        changes = {}
        for signal, width in enumerate(WIDTHS):
            if signal == STILL or (signal == LATE and block < BLOCKS - 1):
                continue
            changes[signal], texts = random_changes(rng, width, int(rng.integers(0, 100)))
            times = changes[signal].times + BEGIN + block * LENGTH
            told[signal] += zip(times.tolist(), texts, strict=True)
        file.add(LENGTH, changes)
        # It is whole after each block.
        begin, end, found = gtkwave_changes(tmp_path / "a.fst")
        assert (begin, end) == (BEGIN, BEGIN + (block + 1) * LENGTH)
        assert found.keys() == {
            "a.bit", "a.number", "a.inner.word", "a.inner.wide", "a.inner.bit",
            "b.still", "b.other", "b.late",
        }  # fmt: skip
        for name, changed in found.items():
            expected = told[signal_of(name)]
            assert [time for time, _ in changed] == [time for time, _ in expected]
            if WIDTHS[signal_of(name)] == REAL:
                # The reader writes 16 digits.
                numbers = [float(number) for _, number in expected]
                assert [float(n) for _, n in changed] == pytest.approx(numbers, rel=1e-15)
            else:
                assert changed == expected
    file.close()
    surfer = surfer_signals(tmp_path / "a.fst")
    assert surfer.keys() == found.keys()
    for name, signal in surfer.items():
        expected = told[signal_of(name)]
        assert set(signal.times.tolist()) <= {time for time, _ in expected}
        if expected:
            real = WIDTHS[signal_of(name)] == REAL
            numbers = [float(text) if real else float(int(text, 2)) for _, text in expected]
            assert (signal.at(np.array([time for time, _ in expected])) == numbers).all()


def signal_of(name: str) -> int:
    """The signal that a variable shows."""
    return NAMES.index(name.rpartition(".")[2])


def test_an_interrupted_block_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = FstFile(tmp_path / "a.fst", (1,), [scope_of_one()], begin=0)
    change = FstChanges(times=np.array([3]), values=np.array([[1]], dtype=np.uint8))
    file.add(10, {0: change})

    write = file._write

    def interrupted(content: bytes, blocks: int, end: int) -> int:
        write(content[:40], blocks - 1, 10)
        raise KeyboardInterrupt

    monkeypatch.setattr(file, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        file.add(10, {0: FstChanges(times=np.array([2]), values=np.array([[0]], dtype=np.uint8))})
    monkeypatch.undo()
    file.add(10, {0: FstChanges(times=np.array([4]), values=np.array([[0]], dtype=np.uint8))})
    file.close()
    assert gtkwave_changes(tmp_path / "a.fst") == (0, 20, {"s.v": [(3, "1"), (14, "0")]})


def scope_of_one() -> FstScope:
    return FstScope(name="s", variables=(FstVariable(name="v", signal=0),))


def test_every_signal_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Every signal must have a variable, and \[1\] have none"):
        FstFile(tmp_path / "a.fst", (1, 1), [scope_of_one()], begin=0)
    assert not (tmp_path / "a.fst").exists()
