# SPDX-License-Identifier: Apache-2.0
"""A model for a shorter context than its own: the same numbers for every text that fits."""

from collections.abc import Iterator
from dataclasses import replace

from ..errors import UserError
from ..graph import Floats, Graph
from ..graph.shorter_context import shorter_graph
from .model import Model
from .packed.matrix import Codes, HasCodes
from .weights import RandomWeights, Weights

__all__ = ["with_context"]


class ShorterWeights(Weights):
    """Tensors of which only the rows that a graph for fewer positions has are given."""

    def __init__(self, whole: Weights, graph: Graph):
        self._whole = whole
        self._rows = {p.name: p.shape[0] for p in graph.parameters()}

    def __getitem__(self, name: str) -> Floats:
        return self._whole[name][: self._rows[name]]

    def stored_codes(self, name: str) -> Codes | None:
        return self._whole.stored_codes(name) if isinstance(self._whole, HasCodes) else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def with_context(model: Model, context: int) -> Model:
    """The model for ``context`` positions; raises ``UserError`` unless it has so many."""
    longest = model.graph.context
    shortest = min(2, longest)  # a token and the one that follows it
    if not shortest <= context <= longest:
        raise UserError(
            f"Context of {model.name} must be {shortest} to {longest} positions, as the model "
            f"has, not {context}"
        )
    if context == longest:
        return model
    graph, weights = shorter_graph(model.graph, context), model.weights
    shorter: Weights = (
        RandomWeights(graph, additions=weights.additions, seed=weights.seed)
        if isinstance(weights, RandomWeights)
        else ShorterWeights(weights, graph)
    )
    return replace(model, graph=graph, weights=shorter)
