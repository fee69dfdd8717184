# SPDX-License-Identifier: Apache-2.0
"""Decode of StreamTensor's Qwen, Llama and Gemma on a board, against what memory allows at best.

Usage: python scripts/paper_decode.py [--board u55c] [--simulate] [MODEL ...]

A line for each model: predicted milliseconds of a token [32:32] against the floor of graph and
board, and the estimated tokens a joule. With --simulate, the head and two layers of it at full
width are simulated [16:4] and compared with their prediction. Weights are seeded random, clocks
assumed. Returns 1 if a token takes more than 1.3 times its floor, or a prediction is off by more
than 5 %.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from streamhw.report.bench import Bench, BenchPoint

PUBLISHED = {
    "qwen2.5-0.5b": "up to 1.99 times an A100's",
    "tinyllama-1.1b": "lower than for Qwen and Gemma, without a figure",
    "gemma3-1b": "up to 1.59 times an A100's",
}
"""Tokens a joule of StreamTensor (MICRO'25): ratios to a GPU that was measured there,
without the figures of either. So they stand beside ours, and no quotient is made of them."""

MOST_RATIO, MOST_ERROR = 1.3, 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all three")
    parser.add_argument("--board", default="u55c")
    parser.add_argument("--simulate", action="store_true", help="two layers of each")
    chosen = parser.parse_args()
    missed = False
    for model in chosen.models or PUBLISHED:
        whole = bench(model, chosen.board, "whole", "--in", "32", "--out", "32")
        line, within = predicted(whole, whole.points[0])
        missed |= not within
        print(f"{model}: {line}; StreamTensor: {PUBLISHED.get(model, 'nothing published')}")
        if chosen.simulate:
            options = ("--layers", "2", "--in", "16", "--out", "4", "--simulate")
            line, within = simulated(bench(model, chosen.board, "two", *options).points[0])
            missed |= not within
            print(f"{model}: {line}", flush=True)
    return int(missed)


def bench(model: str, board: str, part: str, *options: str) -> Bench:
    """What ``streamhw bench`` finds of a part of the model; kept in its build folder."""
    folder = Path("build") / f"{model}-{board}-{part}"
    command = [sys.executable, "-m", "streamhw", "bench", model, "--board", board, "-q"]
    subprocess.run([*command, "-o", str(folder), *options], check=True)
    found = Bench.load(folder)
    assert found is not None
    return found


def predicted(whole: Bench, point: BenchPoint) -> tuple[str, bool]:
    """Tokens against the floor, and whether they are close enough."""
    _, floor, _ = whole.floor(point)
    token = whole.ms(point.token)
    energy = whole.energy(point)
    assert energy is not None
    joules = energy.total / point.answer
    return (
        f"{token:.3f} ms a token predicted, {token / floor:.2f} times the floor of {floor:.3f} ms; "
        f"{1 / joules:.0f} tokens/J estimated",
        token / floor <= MOST_RATIO,
    )


def simulated(point: BenchPoint) -> tuple[str, bool]:
    """The prediction of a simulated answer, and whether it is close enough."""
    assert point.simulated is not None and point.error is not None
    pairs = list(zip(point.predicted, point.simulated, strict=True))
    errors = ", ".join(f"{guess / cycles - 1:+.1%}" for guess, cycles in pairs)
    return (
        f"head and two layers simulated [{point.prompt}:{point.answer}], {point.compared} tokens "
        f"equal the integer reference, {sum(point.simulated):,} cycles; the prediction is off by "
        f"{point.error:+.1%} (token by token {errors})",
        abs(point.error) <= MOST_ERROR,
    )


if __name__ == "__main__":
    sys.exit(main())
