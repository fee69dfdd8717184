# SPDX-License-Identifier: Apache-2.0
"""Values that matrix products read as two digits, where 8 bits lose too much of them."""

from collections.abc import Callable

from ...graph import Node
from ...numerics.fixed import Fixed
from ...quantization.formats import BYTE, DIGITS
from ...quantization.kept_codes import even_smooth_scales
from ...quantization.rules import Quantization
from ...quantization.smoothing import Reals, product_error, rounding_power

__all__ = ["COARSE", "COARSE_NORM", "FINER", "logits_format", "operand_format"]

COARSE = 0.04
"""Error by rounding to steps that many features share beyond which a value has two digits. All of a
layer reads norms: in SmolLM2, with 32 features a scale, theirs cost 2.6 % of perplexity."""

COARSE_NORM = 0.025
"""Error by rounding a norm's results, of one scale each, beyond which they have two digits. Nearly
all products of a layer read norms. Rounding those of Gemma 3 270M, 3.4 % at worst, costs a third of
all that 4 bits lose; those of gpt2-shakespeare have 2.0 %."""

_LOGITS = 0.018
"""Error of logits, by their size, that two digits must save: nothing behind averages it."""
_LOGITS_SHARE = 0.25
"""And its share in the power of all error: where rounded weights cost far more, they are no help.
The head of SmolLM2 in groups of 32 loses 0.035 with 8 bits and 0.029 with two digits."""

FINER = 64
"""Steps of two digits in one of 8 bits; the other bit is for what calibration did not see."""


def operand_format(
    state: Quantization, node: Node, steps: Callable[[int | None], Reals], bound: float
) -> Fixed:
    """The format of a value that only matrix products read.

    steps: those of 8 bits in a layer; bound: error of the products' results by rounding to these,
    by their size, beyond which, in some layer, the value has two digits
    """
    rules = [(state.rule(reader).matrix, reader) for reader in state.graph.readers(node.name)]
    if not state.trained or any(matrix is None for matrix, _ in rules):
        return BYTE
    powers = [
        rounding_power(
            steps(layer),
            matrix(state, reader, layer).matrix,
            state.statistics.moments[node.name, layer].square,
        )
        for matrix, reader in rules
        if matrix is not None
        for layer in state.layers(node.name)
    ]
    return DIGITS if max(powers) > bound**2 else BYTE


def logits_format(state: Quantization, node: Node, steps: Reals) -> Fixed:
    """The format of a value outside the layers that only the head reads.

    With 8 bits its scales must suit both the value and the weights; with two digits they suit the
    weights, whose groups then lose less.

    steps: those of 8 bits that hold each feature
    """
    rules = [(state.rule(reader).matrix, reader) for reader in state.graph.readers(node.name)]
    if not state.trained or not rules or any(matrix is None for matrix, _ in rules):
        return BYTE
    readers = [matrix(state, reader, None) for matrix, reader in rules if matrix is not None]
    square = state.statistics.moments[node.name, None].square

    def error(ranges: Reals, *, fine: bool) -> float:
        scales = even_smooth_scales(state, node, None, ranges, fine=fine)
        return product_error(scales, readers, square)

    coarse, fine = error(steps, fine=False), error(steps / FINER, fine=True)
    return DIGITS if coarse - fine > max(_LOGITS**2, _LOGITS_SHARE * coarse) else BYTE
