# SPDX-License-Identifier: Apache-2.0
"""Rows cut out of memory beats: no part is lost, padding is, and the drain formula is exact."""

import pytest

from streamhw.stream.unpacker import PaddingRemover, Unpacker, unpack_drain
from streamhw.testing import PATTERNS, run_streams

COUNTS = [1, 4, 5, 1, 1, 8, 3, 2, 12, 1]


def beats_of(counts: list[int], parts: int) -> tuple[list[int], list[int]]:
    """Memory beats of 8-bit parts for rows of these lengths, and the parts without padding."""
    beats, kept, number = [], [], 1
    for count in counts:
        for begin in range(0, count, parts):
            beat = 0
            for place in range(parts):
                number = number * 5 % 251
                beat |= number << 8 * place
                if begin + place < count:
                    kept.append(number)
            beats.append(beat)
    return beats, kept


@pytest.mark.parametrize("spare", [False, True])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_rows_without_their_padding(parts: int, spare: bool) -> None:
    beats, kept = beats_of(COUNTS, parts)
    for seed, (source, sink) in enumerate(
        [(p, "always") for p in PATTERNS] + [("always", p) for p in PATTERNS]
    ):
        run = run_streams(
            Unpacker(width=8 * parts, part=8, bound=12, spare=spare),
            inputs={"i": beats, "i_count": COUNTS},
            outputs={"o": len(kept)},
            source=source,
            sink=sink,
            seed=seed,
            registered=False,  # i sees i_count, as documented
        )
        assert run.beats["o"] == kept


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_rate_latency_and_drain(parts: int) -> None:
    beats, kept = beats_of(COUNTS, parts)
    run = run_streams(
        Unpacker(width=8 * parts, part=8, bound=12),
        inputs={"i": beats, "i_count": COUNTS},
        outputs={"o": len(kept)},
        registered=False,
    )
    assert run.cycles["o"] == [Unpacker.latency + n for n in range(len(kept))]
    assert run.cycles["o"][-1] - run.cycles["i"][-1] == unpack_drain(COUNTS, parts=parts)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_spare_register_keeps_the_rate(parts: int) -> None:
    beats, kept = beats_of(COUNTS, parts)
    run = run_streams(
        Unpacker(width=8 * parts, part=8, bound=12, spare=True),
        inputs={"i": beats, "i_count": COUNTS},
        outputs={"o": len(kept)},
        registered=False,
    )
    assert run.cycles["o"] == [Unpacker.latency + 1 + n for n in range(len(kept))]
    assert run.cycles["i"][:2] == [0, 1]


def test_rows_of_one_length() -> None:
    beats, kept = beats_of([6] * 5, 4)
    run = run_streams(
        PaddingRemover(width=32, part=8, count=6), inputs={"i": beats}, outputs={"o": len(kept)}
    )
    assert run.beats["o"] == kept


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Unpack part must divide the width 32, not 5$"):
        Unpacker(width=32, part=5, bound=3)
