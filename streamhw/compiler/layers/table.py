# SPDX-License-Identifier: Apache-2.0
"""All layer kinds that are installed, as each stage sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...extensions import combined, extensions
from ...graph import Op
from ...quantization.rules import QuantizationRule
from ...reference.rules import ReferenceRule
from ..lowering.builder import Rule
from ..memory.rules import MemoryRule
from .attention import ATTENTION
from .elementwise import ACTIVATION, ADD, MULTIPLY
from .layer import Layer
from .linear import CHUNK, LINEAR
from .norm import LAYER_NORM, RMS_NORM
from .result import ARG_MAX, LAST_TOKEN
from .rotary import ANGLES, ROTARY
from .source import GATHER, INPUT

__all__ = ["BUILT_IN", "GROUP", "LayerTable", "layer_table"]

GROUP = "streamhw.layer"
"""Entry points that name a ``Layer``."""

BUILT_IN = (
    INPUT,
    GATHER,
    ADD,
    MULTIPLY,
    LAYER_NORM,
    RMS_NORM,
    ANGLES,
    ROTARY,
    LINEAR,
    CHUNK,
    ATTENTION,
    ACTIVATION,
    LAST_TOKEN,
    ARG_MAX,
)
"""The layer kinds of streamhw."""


@dataclass(frozen=True)
class LayerTable:
    """Layer kinds; each stage takes the mapping that is its own."""

    layers: tuple[Layer, ...]

    @property
    def ops(self) -> tuple[type[Op], ...]:
        """The kinds, for the graph's text form."""
        return tuple(layer.op for layer in self.layers)

    @property
    def quantization(self) -> Mapping[type[Op], QuantizationRule]:
        return {layer.op: layer.quantization for layer in self.layers}

    @property
    def reference(self) -> Mapping[type[Op], ReferenceRule]:
        return {x.op: x.reference for x in self.layers if x.reference is not None}

    @property
    def memory(self) -> Mapping[type[Op], MemoryRule]:
        return {layer.op: layer.memory for layer in self.layers}

    @property
    def lowering(self) -> Mapping[type[Op], Rule]:
        return {layer.op: layer.lowering for layer in self.layers}


def layer_table() -> LayerTable:
    """The layer kinds of streamhw, and those of installed packages in the order of their names.

    Raises ``UserError`` if an entry point is broken, or two kinds have one name.
    """
    built_in = {layer.op.__name__: layer for layer in BUILT_IN}
    added = ((e.value.op.__name__, e) for e in extensions(GROUP, Layer))
    return LayerTable(tuple(combined("Layer kind", built_in, added).values()))
