# SPDX-License-Identifier: Apache-2.0
"""Mapped conversion: pages suffice in every interleaving, and the hardware under stalls."""

import random
from dataclasses import replace
from math import ceil

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.stream.converter.converting import check
from tests.stream.converter.pairs import FMT, LENGTH, TOKENS, bind, valid_pairs

ROWS = row_major(FMT, (TOKENS, 8), 2)
BLOCKS = ITensor(FMT, (1, 2), (Loop(2, 4, 1), Loop(TOKENS, 1, 0), Loop(2, 2, 1)))
HEADS = ITensor(FMT, (1, 2), (Loop(TOKENS, 1, 0), Loop(2, 4, 1), Loop(LENGTH), Loop(2, 2, 1)))


def mapped(source, target):
    return ConverterSpec(source=source, target=target, kind=BufferKind.MAPPED)


def words(itensor, loops, wide, symbol_values):
    """Words of a nest in order, each with whether the beat is the whole of it."""
    order = ITensor(FMT, itensor.tile, loops).order(symbol_values).tolist()
    return [tuple(o // t for o, t in zip(offset, wide.tile, strict=True)) for offset in order]


def run_pages(spec, symbol_values, rng):
    """Three blocks through the pages, writer and reader in a random interleaving.

    The writer takes a page wherever one is free, so every interleaving ends with the words in the
    target's order unless the two wait for each other.
    """
    plan, pages = spec.plan, spec.pages
    wide = spec.source if spec.source.lanes == plan.lanes else spec.target
    writes = words(spec.source, plan.source, wide, symbol_values)
    reads = words(spec.target, plan.target, wide, symbol_values)
    inside = len(writes) // len(dict.fromkeys(writes))
    trips = [
        a.trip if isinstance(a.trip, int) else symbol_values[a.trip.name] for a in pages.loops.write
    ]
    size = 1
    for trip in trips[pages.loops.apart :]:
        size *= trip
    page_of = {word: n // size for n, word in enumerate(writes)}
    need = {word: n + 1 for n, word in enumerate(writes)}
    last = {page_of[word]: n for n, word in enumerate(reads)}
    assert inside <= size
    free, at = list(range(pages.pages)), {}
    peak = w = r = 0
    while r < 3 * len(reads):
        block, beat = divmod(w, len(writes))
        may_write = block < 3 and (beat % size or free) and block - r // len(reads) < 2
        reading, read = divmod(r, len(reads))
        may_read = reading < block or need[reads[read]] <= beat
        assert may_write or may_read, "writer and reader wait for each other"
        if may_write and (not may_read or rng.random() < 0.7):
            if beat % size == 0:
                at[block, beat // size] = free.pop(rng.randrange(len(free)))
                peak = max(peak, len(at))
            w += 1
        else:
            page = page_of[reads[read]]
            assert (reading, page) in at
            if last[page] == read:
                free.append(at.pop((reading, page)))
            r += 1
    return peak


def test_pages_of_random_pairs():
    """No interleaving needs more pages, at any values of the symbols."""
    rng, count = random.Random(1), 0
    for spec in valid_pairs(2, 4200):
        if spec.pages is None or any(s.ragged for s in spec.symbols):
            continue
        spec = mapped(spec.source, spec.target)
        peak = run_pages(spec, bind(rng, spec), rng)
        assert peak <= spec.pages.pages <= spec.pages.entries
        if spec.plan.banks == 1:
            live = ceil(spec.live.elements / spec.plan.lanes / spec.pages.pitch)
            assert spec.pages.pages <= live + 3 + spec.pages.latency
        count += 1
    assert count >= 500, count


def test_the_rate_of_two_buffers():
    count = 0
    for spec in valid_pairs(5, 600):
        if spec.pages is None or any(s.ragged for s in spec.symbols):
            continue
        if spec.source.lanes < spec.plan.lanes:
            continue
        bounds = {s.name: s.bound for s in spec.symbols}
        two = replace(spec, kind=BufferKind.PING_PONG).timing(bounds).interval
        timing = mapped(spec.source, spec.target).timing(bounds)
        assert timing.interval <= two, f"{spec.source} to {spec.target}"
        count += 1
    assert count > 50, count


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (BLOCKS, ROWS),
        (BLOCKS, HEADS),
        (row_major(FMT, (2, 24), 2), ITensor(FMT, (1, 2), (Loop(12, 2, 1), Loop(2, 1, 0)))),
        (
            row_major(FMT, (2, 3, 4)),
            ITensor(FMT, (1, 1, 1), (Loop(4, 1, 2), Loop(3, 1, 1), Loop(2, 1, 0))),
        ),
        (
            ITensor(FMT, (1, 1), (Loop(5, 3, 1), Loop(2, 1, 0), Loop(3, 1, 1))),
            row_major(FMT, (2, 15)),
        ),
    ],
    ids=["product", "queries", "two-rows", "reversal", "page-of-3"],
)
def test_hardware(source, target):
    check(mapped(source, target), 21)


def test_many_pages():
    """More than 64 free pages wait in a memory with a register, three cycles."""
    rows = row_major(FMT, (12, 12))
    spec = mapped(rows, ITensor(FMT, (1, 1), (Loop(12, 1, 1), Loop(12, 1, 0))))
    assert spec.pages.pages > 64 and spec.pages.latency == 4
    check(spec, 3)


def test_no_pages():
    with pytest.raises(ValueError, match=r"^Converter with pages must have orders that differ in"):
        mapped(ROWS, ITensor(FMT, (1, 2), (Loop(2), *ROWS.loops)))
