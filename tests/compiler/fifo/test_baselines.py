# SPDX-License-Identifier: Apache-2.0
"""The published program and high-water marks."""

from dataclasses import replace

from streamhw.compiler.fifo import Equalization, max_tokens, size_fifos
from streamhw.compiler.fifo.baselines import delays, high_water, profile, published
from streamhw.compiler.fifo.network import Network, NetworkStream, NetworkTask


def diamond(latency: int, beats: int = 16) -> Network:
    """0 -> 1 -> 2 and 0 -> 2."""
    every = tuple(range(beats))
    return Network(
        tasks=tuple(NetworkTask(name=n, firings=beats, latency=latency) for n in "012"),
        wires=tuple(
            NetworkStream(name=a + b, source=a, sink=b, given=every, taken=every)
            for a, b in ("01", "12", "02")
        ),
    )


def test_published_program_of_a_diamond() -> None:
    """delay01 >= D0, delay12 >= D1, delay02 >= D0 + D1; then equation 2."""
    edges = profile(diamond(7))
    delay = delays(edges)
    assert delay == {"01": 7, "12": 7, "02": 14}
    by_name = {e.name: e for e in edges}
    assert max_tokens(by_name["02"].written, by_name["02"].read, delay["02"]) == 7
    assert published(diamond(7), Equalization.NORMAL) == {"01": 2, "12": 2, "02": 7}
    # A beat takes a cycle into a queue, and its place is free a cycle after it left; the last of
    # them wait in the pipeline of the fork.
    assert size_fifos([diamond(7).program()]).depth == {"01": 2, "12": 2, "02": 8}


def test_all_intervals_as_the_slowest() -> None:
    """Beats given every cycle and taken every third wait; given every third, few do."""
    tasks = tuple(
        NetworkTask(name=n, firings=16, latency=7, interval=3 if n == "2" else 1) for n in "012"
    )
    slow = replace(diamond(7), tasks=tasks)
    assert published(slow, Equalization.NORMAL)["02"] == 16 - (22 - 14) // 3
    assert published(slow, Equalization.CONSERVATIVE)["02"] == 3  # ceil((14 - 7) / 3)


def test_high_water_is_the_peak_of_a_free_run() -> None:
    peaks = high_water(diamond(7))
    assert peaks["02"] >= size_fifos([diamond(7).program()]).depth["02"] - 1
    assert min(peaks.values()) >= 2
