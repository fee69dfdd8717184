# SPDX-License-Identifier: Apache-2.0
"""Peak live elements of a conversion, against replays of whole tensors and of all schedules."""

import random
import time
from itertools import product

import pytest

from streamhw.stream.converter.block_plan import analyze
from streamhw.stream.converter.peak_live import PeakLive, peak_live
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from tests.stream.converter.pairs import FMT, TIMES, TOKENS, random_pair, valid_pairs


def element_beats(itensor, symbol_values):
    """The elements of each beat, as sets of places."""
    lanes = list(product(*(range(size) for size in itensor.tile)))
    return [
        {tuple(o + n for o, n in zip(offset, lane, strict=True)) for lane in lanes}
        for offset in itensor.order(symbol_values).tolist()
    ]


def life(source, target, symbol_values):
    """For each element its write, and its last read; for each read, the writes that it needs."""
    written = {e: n for n, beat in enumerate(element_beats(source, symbol_values)) for e in beat}
    reads = element_beats(target, symbol_values)
    last = {e: n for n, beat in enumerate(reads) for e in beat}
    return written, last, [1 + max(written[e] for e in beat) for beat in reads]


def best_schedule(source, target, symbol_values):
    """The least peak over all interleavings of the writes and reads, by dynamic programming."""
    written, last, needs = life(source, target, symbol_values)
    writes = 1 + max(written.values())

    def alive(done_writes, done_reads):
        """Just before the next event; what is read in a read still counts during it."""
        return sum(n < done_writes and last[e] >= done_reads for e, n in written.items())

    best = {(0, 0): 0}
    for w in range(writes + 1):
        for r in range(len(needs) + 1):
            if (w, r) == (0, 0):
                continue
            ways = []
            if w and (w - 1, r) in best:
                ways.append(best[w - 1, r])
            if r and (w, r - 1) in best and needs[r - 1] <= w:
                ways.append(best[w, r - 1])
            if ways:
                best[w, r] = max(min(ways), alive(w, r))
    return best[writes, len(needs)]


def early_peak(source, target):
    """Cycle by cycle, one block: a write in each, a read as soon as it may."""
    written, last, needs = life(source, target, {})
    writes, done, peak = 1 + max(written.values()), 0, 0
    for cycle in range(writes):
        done += done < len(needs) and needs[done] <= cycle
        peak = max(peak, sum(n <= cycle and last[e] >= done for e, n in written.items()))
    return peak


def block_of(source, target):
    """The pair below its shared loops."""
    plan = analyze(source, target)
    return (
        ITensor(source.fmt, source.tile, plan.source),
        ITensor(target.fmt, target.tile, plan.target),
    )


def small_pairs(seed, count, beats):
    rng = random.Random(seed)
    found = []
    while len(found) < count:
        pair = random_pair(rng, symbols=False)
        try:
            analyze(*pair)
        except ValueError:
            continue
        if pair[0].beats() * pair[1].beats() <= beats:
            found.append(pair)
    return found


def test_every_schedule_of_random_pairs():
    for source, target in small_pairs(1, 150, 300):
        want = best_schedule(source, target, {})
        assert peak_live(source, target).elements == want, f"{source} to {target}"


def test_early_readers_of_random_pairs():
    for source, target in small_pairs(2, 400, 1500):
        bound = peak_live(source, target)
        assert bound.early == early_peak(*block_of(source, target)), f"{source} to {target}"
        assert bound.elements <= bound.early <= bound.block


def test_symbols_count_with_their_bounds():
    """No values of the symbols have more peak live elements than the bounds."""
    rng = random.Random(3)
    for spec in valid_pairs(4, 60):
        bound = peak_live(spec.source, spec.target)
        peaks = []
        values = [range(1, s.bound + 1) for s in spec.symbols]
        for chosen in rng.sample(list(product(*values)), k=min(4, len(list(product(*values))))):
            symbol_values = {s.name: v for s, v in zip(spec.symbols, chosen, strict=True)}
            written, last, needs = life(spec.source, spec.target, symbol_values)
            sent = 0
            for read, need in enumerate(needs):
                sent = max(sent, need)
                alive = sum(n < sent and last[e] >= read for e, n in written.items())
                peaks.append(alive)
        assert max(peaks) <= bound.elements, f"{spec.source} to {spec.target}"
        full = {s.name: s.bound for s in spec.symbols}
        written, last, needs = life(spec.source, spec.target, full)
        sent, exact = 0, 0
        for read, need in enumerate(needs):
            sent = max(sent, need)
            exact = max(exact, sum(n < sent and last[e] >= read for e, n in written.items()))
        assert exact == bound.elements, f"{spec.source} to {spec.target}"


def test_transpose():
    """All but the last row must be there but for one element each, and one of the last."""
    target = ITensor(FMT, (1, 1), (Loop(64, 1, 1), Loop(8, 1, 0)))
    bound = peak_live(row_major(FMT, (8, 64)), target)
    assert bound == PeakLive(elements=7 * 63 + 1, early=7 * 63 + 1, block=512, lanes=1)


def test_the_published_pairs():
    source = ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2, 4, 0)))
    target = ITensor(FMT, (4, 2), (Loop(4, 2, 1), Loop(2), Loop(2, 4, 0)))
    assert peak_live(source, target).elements == 8 * 2
    source = ITensor(FMT, (16, 16), (Loop(4, 16, 0), Loop(4, 16, 1)))
    target = ITensor(FMT, (16, 16), (Loop(4, 16, 0), Loop(4), Loop(4, 16, 1)))
    assert peak_live(source, target).elements == 16 * 64


@pytest.mark.parametrize(("lanes", "elements", "beats"), [(2, 6, 1), (6, 6, 1), (3, 6, 1)])
def test_wider_and_narrower_beats(lanes, elements, beats):
    wide = row_major(FMT, (4, 24), 6)
    for pair in ((wide, row_major(FMT, (4, 24), lanes)), (row_major(FMT, (4, 24), lanes), wide)):
        bound = peak_live(*pair)
        assert (bound.elements, bound.beats) == (elements, beats)


def test_rereads_hold_the_block():
    rows = row_major(FMT, (TOKENS, 24), 2)
    assert peak_live(rows, ITensor(FMT, (1, 2), (Loop(TIMES), *rows.loops))).elements == 72


def test_large_blocks_are_quick():
    """A layer of a large model: 128 tokens of 1,152 elements, read 432 times."""
    tokens = Symbol("tokens", 128)
    source = row_major(FMT, (tokens, 1152), 4)
    target = ITensor(FMT, (1, 8), (Loop(432), Loop(144, 8, 1), Loop(tokens, 1, 0)))
    begin = time.perf_counter()
    assert peak_live(source, target).elements == 128 * 1152
    assert time.perf_counter() - begin < 0.5
