# SPDX-License-Identifier: Apache-2.0
"""The order of the loops of a matrix product."""

from enum import Enum

__all__ = ["LoopOrder"]


class LoopOrder(Enum):
    """The loop of an engine inside the one over tiles of outputs that turns fastest.

    WEIGHT_STATIONARY: a weight is held while all tokens pass: as many sums are open as there are
        tokens, and the first result comes when all are nearly done
    OUTPUT_STATIONARY: a token's sums end before the next token's begin: its results come early, and
        work begins with the first token's row, but a tile's weights are kept and read again
    """

    WEIGHT_STATIONARY = "weight-stationary"
    OUTPUT_STATIONARY = "output-stationary"
