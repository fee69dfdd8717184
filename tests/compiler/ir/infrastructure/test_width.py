# SPDX-License-Identifier: Apache-2.0
"""From memory beats to the beats of a stream: each part against the bits that it moves."""

import pytest

from streamhw.compiler.ir.infrastructure.width import (
    PaddingRemoverSpec,
    PassthroughSpec,
    WidthSpec,
    WordCutterSpec,
)
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.testing.pysim import run_streams

ROWS = row_major(Fixed(8), (2, 6), 2)  # six beats of 16 bits


def cut(words: list[int], width: int, part: int) -> list[int]:
    whole = sum(word << width * n for n, word in enumerate(words))
    return [whole >> part * n & (1 << part) - 1 for n in range(len(words) * width // part)]


@pytest.mark.parametrize("bits", [32, 8])
def test_cuts_or_joins(bits: int) -> None:
    words = [(0x9E3779B1 * n) & (1 << bits) - 1 for n in range(1, 13)]
    wanted = cut(words, bits, 16)
    spec = WidthSpec(type=ROWS, beat_bits=bits)
    run = run_streams(spec.create(), inputs={"i": words}, outputs={"o": len(wanted)})
    assert run.beats["o"] == wanted


def test_passes_equal_beats() -> None:
    spec = PassthroughSpec(type=ROWS)
    assert (spec.behaviour().delay, spec.resources().luts) == (0, 0)
    run = run_streams(spec.create(), inputs={"i": [1, 2]}, outputs={"o": 2}, registered=False)
    assert run.beats["o"] == [1, 2]


def test_drops_the_padding_of_an_invocation() -> None:
    """Six beats of 16 bits take two memory beats of 64; the last one is half empty."""
    spec = PaddingRemoverSpec(type=ROWS, beat_bits=64)
    parts = [0x0101 * n for n in range(1, 13)]
    words = []
    for turn in (parts[:6], parts[6:]):
        padded = [*turn, 0xDEAD, 0xDEAD]
        words += [sum(p << 16 * k for k, p in enumerate(padded[i : i + 4])) for i in (0, 4)]
    run = run_streams(spec.create(), inputs={"i": words}, outputs={"o": 12})
    assert run.beats["o"] == parts


def test_cuts_words_of_a_beat() -> None:
    spec = WordCutterSpec(bits=8, beat_bits=32)
    words = [0x44332211, 0x88776655]
    run = run_streams(spec.create(), inputs={"i": words}, outputs={"o": 8})
    assert run.beats["o"] == cut(words, 32, 8)
