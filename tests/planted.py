# SPDX-License-Identifier: Apache-2.0
"""Models with faults that were planted in their tensors."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from streamhw.frontend.model import Model
from streamhw.frontend.weights import Weights
from streamhw.graph import Floats

__all__ = ["planted"]

Change = Callable[[Floats], Floats]


class _Changed(Weights):
    """Tensors of which some are changed when they are asked for."""

    def __init__(self, weights: Weights, changes: dict[str, Change]):
        self._weights, self._changes = weights, changes

    def __getitem__(self, name: str) -> Floats:
        value = self._weights[name]
        return self._changes[name](value.copy()) if name in self._changes else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)


def planted(model: Model, changes: dict[str, Change]) -> Model:
    """The model with some tensors changed."""
    return replace(model, weights=_Changed(model.weights, changes))
