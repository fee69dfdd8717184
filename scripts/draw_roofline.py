# SPDX-License-Identifier: Apache-2.0
"""Draws the roofline of GPT-2 Medium on ``u55c``: least time of a token by tokens of a step.

Usage: python scripts/draw_roofline.py [--check]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.svg import Plot, main, svg, text
from streamhw.boards.base import load_board
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.report.roofline import roofline_of

__all__ = ["figures"]

MODEL, BOARD, MOST = "gpt2-medium", "u55c", 32


def figures() -> dict[str, str]:
    """All figures: file name and text."""
    return {"roofline.svg": roofline()}


def roofline() -> str:
    """Milliseconds of a token at the beginning of the context, as memory and multipliers allow."""
    board = load_board(BOARD)
    bound = roofline_of(load(MODEL).graph, QuantConfig(), board)
    tokens = range(1, MOST + 1)
    memory = [1e3 * bound.work.bytes(n, 0) / bound.bandwidth / n for n in tokens]
    products = [1e3 * bound.work.products(n, 0) / bound.rate / n for n in tokens]
    both = [1e3 * bound.step(n, 0) / n for n in tokens]
    plot = Plot(x=50, y=34, width=560, height=240, right=MOST, top=1.1 * memory[0])
    batch = board.target.token_batch
    return svg(
        630,
        320,
        [
            plot.area([(1, both[0]), *zip(tokens, both, strict=True), (MOST, 0), (1, 0)]),
            plot.line(list(zip(tokens, memory, strict=True)), dashed=True),
            plot.line(list(zip(tokens, products, strict=True)), dashed=True),
            plot.line(list(zip(tokens, both, strict=True))),
            text(*plot.at(2.4, memory[1]), "bandwidth: all weights once a step", size=11),
            text(*plot.at(12, products[11] + 0.02), "multipliers", size=11),
            plot.line([(batch, 0), (batch, 1.1 * memory[0])], dashed=True),
            text(*plot.at(batch + 0.4, memory[0]), f"token batch of {BOARD}: {batch}", size=11),
            plot.frame(
                f"tokens of a step, {MODEL} on {BOARD}",
                "ms a token, at least",
                (1, 2, 4, 8, 16, 32),
                [round(value, 2) for value in (both[0], both[-1])],
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main(figures, __doc__.split("\n", maxsplit=1)[0]))
