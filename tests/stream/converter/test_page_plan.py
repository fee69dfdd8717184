# SPDX-License-Identifier: Apache-2.0
"""Pages of a mapped conversion suffice in every interleaving."""

import random
from math import ceil

import pytest

from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.page_plan import page_plan
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major
from tests.stream.converter.pairs import FMT, TOKENS, bind, valid_pairs

ROWS = row_major(FMT, (TOKENS, 8), 2)


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


def test_no_pages():
    with pytest.raises(ValueError, match=r"^Converter with pages must have orders that differ in"):
        mapped(ROWS, ITensor(FMT, (1, 2), (Loop(2), *ROWS.loops)))


def test_addresses_count_words_only_where_pages_are_no_power_of_two() -> None:
    scales = set()
    for spec in valid_pairs(2, 400):
        pages = page_plan(spec.plan, spec.place, spec.source, spec.target)
        if pages is None:
            continue
        whole = pages.pitch & (pages.pitch - 1) == 0
        assert pages.scale == (1 if whole else pages.pitch)
        assert (pages.pages - 1) * pages.scale < 1 << pages.address_bits
        assert pages.table_bits == sum(memory.bits for memory in pages.memories)
        scales.add(whole)
    assert scales == {True, False}
