# SPDX-License-Identifier: Apache-2.0
"""A model with padded rows: its graph in sizes that hardware takes, zeros in its tensors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..graph import Floats
from ..graph.ops.feature_layout import FeatureLayout
from ..graph.padding import RowPadding, padded_graph
from .model import Model
from .packed.matrix import Codes, HasCodes
from .weights import RandomWeights, Weights

__all__ = ["PaddedRandomWeights", "PaddedWeights", "padded_model"]

Layouts = Mapping[str, tuple[FeatureLayout | None, ...]]
"""Of the axes of each padded tensor."""


class PaddedWeights(Weights):
    """Tensors with zeros where rows are padded, each made when it is asked for."""

    def __init__(self, natural: Weights, layouts: Layouts):
        self._natural = natural
        self._layouts = layouts

    def __getitem__(self, name: str) -> Floats:
        return _padded(self._natural[name], self._layouts.get(name, ()))

    def stored_codes(self, name: str) -> Codes | None:
        """Those of a matrix that is not padded."""
        natural = self._natural
        if name in self._layouts or not isinstance(natural, HasCodes):
            return None
        return natural.stored_codes(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._natural)

    def __len__(self) -> int:
        return len(self._natural)


class PaddedRandomWeights(RandomWeights):
    """The same of seeded random tensors."""

    def __init__(self, natural: RandomWeights, layouts: Layouts):
        super().__init__(natural.graph, additions=natural.additions, seed=natural.seed)
        self._layouts = layouts

    @property
    def identity(self) -> tuple[object, ...]:
        return *super().identity, self._layouts

    def __getitem__(self, name: str) -> Floats:
        return _padded(super().head(name, super().rows(name)), self._layouts.get(name, ()))

    def rows(self, name: str) -> int:
        layouts = self._layouts.get(name, (None,))
        return super().rows(name) if layouts[0] is None else layouts[0].padded

    def head(self, name: str, rows: int) -> Floats:
        layouts = self._layouts.get(name, (None,))
        if layouts[0] is not None:
            return self[name][:rows]
        return _padded(super().head(name, rows), layouts)

    def blocks(self, name: str) -> Iterator[Floats]:
        layouts = self._layouts.get(name, (None,))
        if layouts[0] is not None:
            yield self[name]
            return
        for values in super().blocks(name):
            yield _padded(values, layouts)


def padded_model(model: Model, padding: RowPadding) -> Model:
    """The model with padded rows: the same numbers, whatever its tokens.

    Raises   ``ValueError`` as ``padded_graph``
    """
    padded = padded_graph(model.graph, padding)
    if not padded.parameters:
        return model
    weights = (
        PaddedRandomWeights(model.weights, padded.parameters)
        if isinstance(model.weights, RandomWeights)
        else PaddedWeights(model.weights, padded.parameters)
    )
    return replace(model, graph=padded.graph, weights=weights, unpadded=model.natural)


def _padded(values: Floats, layouts: tuple[FeatureLayout | None, ...]) -> Floats:
    for axis, layout in enumerate(layouts):
        if layout is not None:
            values = layout.pad(values, axis)
    return values
