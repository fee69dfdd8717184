# SPDX-License-Identifier: Apache-2.0
"""Which products need matrices of 8 bits, so that perplexity rises by no more than it may."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import log1p

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..frontend.model import Model
from ..graph import Array, Node
from ..graph.executor import Compute, execute
from ..graph.float_reference import forward
from ..quantization.config import QuantConfig
from ..quantization.fake_quant import fake_compute
from ..quantization.quantized_model import QuantizedModel
from ..quantization.weight_formats import weight_formats
from .evaluate import matrix_bytes
from .quality import quality

__all__ = ["MixedBits", "ProductBits", "mixed_bits"]

_BITS = 8


@dataclass(frozen=True, kw_only=True)
class ProductBits:
    """A product, and what 8 bits of its matrices alone would change.

    nats: of divergence from the float model a token less; more: bytes a token more
    """

    name: str
    nats: float
    more: int


@dataclass(frozen=True, kw_only=True)
class MixedBits:
    """The mix that was chosen, and what it was chosen from.

    bound: nats a token that the mix may cost; narrow, wide, nats: what 4 bits everywhere, 8 bits
    everywhere and the mix cost on ``tokens`` tokens
    narrow_bytes, wide_bytes, token_bytes: what a token reads of matrices in each
    """

    config: QuantConfig
    bound: float
    tokens: int
    products: tuple[ProductBits, ...]
    narrow: float
    wide: float
    nats: float
    narrow_bytes: int
    wide_bytes: int
    token_bytes: int


def mixed_bits(
    model: Model,
    pad: Callable[[QuantConfig], Model],
    quantize: Callable[[Model, QuantConfig], QuantizedModel],
    config: QuantConfig,
    rows: NDArray[np.int64],
    say: Callable[[str, float], None],
) -> MixedBits:
    """The fewest bytes a token whose cost keeps ``config.rise``, on windows ``rows``.

    The cost is the divergence from the float model's probabilities: what the loss rises by on text
    that is as the model expects it, far less noisy than the loss of a short text. Products are
    tried alone, then taken in the order of what a byte gains, then left out again where possible.
    Matrices are those of the two models with 4 and 8 bits everywhere, so that two calibrations are
    enough; scales of activations in the mix itself may differ slightly.

    pad: the model with rows as a configuration needs them; quantize: of a padded model
    say: told what runs, and the fraction of it that is done

    Raises ``UserError`` if 8 bits everywhere cost more than the bound.
    """
    assert config.rise is not None
    bound = log1p(config.rise)
    narrow_config = replace(config, rise=None)
    formats = weight_formats(model.graph, narrow_config)
    choice = [name for name, fmt in formats.items() if fmt.bits < _BITS]

    def mixed(names: Collection[str]) -> QuantConfig:
        return replace(narrow_config, wide=tuple(name for name in formats if name in names))

    say("4 bits: calibration", 0.0)
    padded = pad(narrow_config)
    narrow = quantize(padded, narrow_config)
    say("8 bits: calibration", 0.2)
    wide = quantize(padded, mixed(choice))
    cost = _Cost(model, padded, narrow, wide, rows)

    def size(names: Collection[str]) -> int:
        graph = pad(mixed(names)).graph
        return matrix_bytes(graph, weight_formats(graph, mixed(names)))

    say("4 bits", 0.4)
    worst = cost(())
    say("8 bits", 0.43)
    least = cost(choice)
    if least > bound:
        raise UserError(
            f"Rise of perplexity must be at least {np.expm1(least):.2%}, which {_BITS} bits "
            f"everywhere cost {model.name}, not {config.rise:.2%}"
        )
    products = []
    for index, name in enumerate(choice):
        say(f"8 bits of {name} alone", 0.45 + 0.35 * index / len(choice))
        more = size([name]) - size(())
        products.append(ProductBits(name=name, nats=worst - cost([name]), more=more))
    products.sort(key=lambda p: (p.more > 0, -p.nats / max(1, p.more)))
    chosen = _chosen(products, cost, bound, say)
    return MixedBits(
        config=mixed(chosen),
        bound=bound,
        tokens=rows.size,
        products=tuple(products),
        narrow=worst,
        wide=least,
        nats=cost(chosen),
        narrow_bytes=size(()),
        wide_bytes=size(choice),
        token_bytes=size(chosen),
    )


def _chosen(
    products: list[ProductBits],
    cost: "_Cost",
    bound: float,
    say: Callable[[str, float], None],
) -> list[str]:
    """The first products that suffice, less those that the others do without; those that cost no
    byte, where 4 bits pad more than 8, are always taken."""
    names = [product.name for product in products]
    free = sum(product.more <= 0 for product in products)
    few, many = free, len(names)
    while few < many:
        middle = (few + many) // 2
        say(f"8 bits of {', '.join(names[:middle]) or 'nothing'}", 0.8)
        few, many = (few, middle) if cost(names[:middle]) <= bound else (middle + 1, many)
    chosen = names[:many]
    for product in sorted(products[free : max(free, many - 1)], key=lambda p: -p.more):
        rest = [name for name in chosen if name != product.name]
        say(f"8 bits of {', '.join(rest) or 'nothing'}", 0.9)
        if cost(rest) <= bound:
            chosen = rest
    return chosen


class _Cost:
    """Nats a token that a mix costs; each mix is computed once."""

    def __init__(
        self,
        model: Model,
        padded: Model,
        narrow: QuantizedModel,
        wide: QuantizedModel,
        rows: NDArray[np.int64],
    ):
        self._graph, self._rows = padded.graph, rows
        self._head = model.graph.node(model.graph.result).inputs[0]
        self._narrow, self._wide = fake_compute(padded, narrow), fake_compute(padded, wide)
        self._real = [
            forward(model.graph, model.weights, row[None], all_rows=True)[self._head]
            for row in rows
        ]
        self._known: dict[frozenset[str], float] = {}

    def __call__(self, names: Collection[str]) -> float:
        key = frozenset(names)
        if key not in self._known:
            compute = self._mixed(key)
            nats = 0.0
            for row, real in zip(self._rows, self._real, strict=True):
                values = execute(self._graph, row[None], compute, all_rows=True)
                nats += quality(real, values[self._head]).nats
            self._known[key] = nats / len(self._rows)
        return self._known[key]

    def _mixed(self, names: frozenset[str]) -> Compute:
        def compute(node: Node, layer: int | None, inputs: tuple[Array, ...]) -> Array:
            chosen = self._wide if node.name in names else self._narrow
            return chosen(node, layer, inputs)

        return compute
