# SPDX-License-Identifier: Apache-2.0
"""What a model family is: it reads a configuration, builds the graph, and names the tensors."""

from typing import Protocol, TypeVar, runtime_checkable

from ..graph import Graph
from .reading.config_reader import Values
from .reading.stored_tensor import StoredTensors

__all__ = ["ArchitectureConfig", "ModelFamily"]


class ArchitectureConfig(Protocol):
    """The numbers that every architecture has; its own class has more."""

    @property
    def layers(self) -> int: ...
    @property
    def features(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def vocabulary(self) -> int: ...
    @property
    def context(self) -> int: ...


C = TypeVar("C", bound=ArchitectureConfig)


@runtime_checkable
class ModelFamily(Protocol[C]):
    """One architecture. A package offers its own as an entry point of group ``streamhw.model``
    whose name is the ``model_type`` of the configurations that it reads."""

    @property
    def model_types(self) -> tuple[str, ...]:
        """``model_type`` of the configurations that it reads."""
        ...

    @property
    def defaults(self) -> Values:
        """What holds for keys that a configuration leaves out."""
        ...

    def read_config(self, values: Values, source: str) -> C:
        """The numbers in a configuration. Raises ``UserError`` that begins with ``source`` for what
        the graph cannot express."""
        ...

    def graph(self, name: str, config: C) -> Graph:
        """What the model computes; the names of its parameters are the family's own."""
        ...

    def tensors(self, config: C, stored: StoredTensors, source: str) -> StoredTensors:
        """The tensors of the files under the names that the graph's parameters have, in the layout
        that it wants. Constants may be left out; any other that the graph does not name is refused
        later. Raises ``UserError`` that begins with ``source`` for what is of another model."""
        ...

    def notes(self, name: str, config: C) -> tuple[str, ...]:
        """Sentences that whoever builds the model of that name should read; mostly none."""
        ...
