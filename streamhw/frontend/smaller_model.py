# SPDX-License-Identifier: Apache-2.0
"""A part of a model: fewer positions, the same numbers for every text that fits; fewer layers."""

from collections.abc import Iterator
from dataclasses import replace

from ..errors import UserError
from ..graph import Floats, Graph
from ..graph.fewer_layers import first_layers, layer_count
from ..graph.shorter_context import shorter_graph
from .model import Model
from .packed.matrix import Codes, HasCodes
from .weights import RandomWeights, Weights

__all__ = ["with_context", "with_layers"]


class PartOfWeights(Weights):
    """The tensors that a part of a graph has, and of each only the rows that it has."""

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
    return _part(model, shorter_graph(model.graph, context))


def with_layers(model: Model, layers: int) -> Model:
    """The model with its first ``layers`` layers only, to measure cycles or to look for an error:
    what it writes is another text. Raises ``UserError`` unless it has so many."""
    most = layer_count(model.graph)
    if not 1 <= layers <= most:
        raise UserError(
            f"Layers of {model.name} must be 1 to {most}, as the model has, not {layers}"
        )
    return model if layers == most else _part(model, first_layers(model.graph, layers))


def _part(model: Model, graph: Graph) -> Model:
    weights = model.weights
    part: Weights = (
        RandomWeights(graph, additions=weights.additions, seed=weights.seed)
        if isinstance(weights, RandomWeights)
        else PartOfWeights(weights, graph)
    )
    return replace(model, graph=graph, weights=part)
