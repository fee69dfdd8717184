# SPDX-License-Identifier: Apache-2.0
"""How much of a design's work is on zeros that pad rows."""

from collections import Counter
from dataclasses import dataclass

from ..graph import Graph
from ..quantization.plan import QuantizationPlan

__all__ = ["PaddingShares", "padding_shares"]


@dataclass(frozen=True, kw_only=True)
class PaddingShares:
    """Shares, 0 to 1, that pad rows: of the multiplications of a token in products, which is also
    that of the weights, of the keys and values in memory, and of the elements of embeddings."""

    weights: float
    cache: float
    tables: float

    def __str__(self) -> str:
        """``12.5% of weights, 25.0% of keys and values``; empty if nothing pads."""
        shares = {
            "weights": self.weights, "keys and values": self.cache, "tables": self.tables
        }  # fmt: skip
        return ", ".join(f"{share:.1%} of {what}" for what, share in shares.items() if share)


def padding_shares(plan: QuantizationPlan) -> PaddingShares:
    """What pads rows of a quantized graph, against the graph of the model's files."""
    natural, padded = _sizes(plan.natural), _sizes(plan.graph)
    shares = {
        what: 1 - natural[what] / size if (size := padded[what]) else 0.0
        for what in ("weights", "cache", "tables")
    }
    return PaddingShares(**shares)


def _sizes(graph: Graph) -> Counter[str]:
    """Elements of matrices, of a position's keys and values, and of tables of rows."""
    sizes: Counter[str] = Counter()
    for node, loop in graph.walk():
        trips = 1 if loop is None else loop.trips
        product, heads = node.op.product, node.op.attention
        if product is not None:
            sizes["weights"] += trips * product.inputs * product.outputs
        elif heads is not None:
            sizes["cache"] += 2 * trips * heads.kv_heads * heads.head_dim
        else:
            for parameter in node.op.parameters:
                if len(parameter.shape) == 2:
                    sizes["tables"] += parameter.shape[0] * parameter.shape[1]
    return sizes
