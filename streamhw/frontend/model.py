# SPDX-License-Identifier: Apache-2.0
"""What a front end hands to the compiler: graph, weights, and what belongs to them."""

from dataclasses import dataclass, field
from enum import Enum

from ..graph import Graph
from .family import ArchitectureConfig
from .model_source import ModelSource
from .tokenizers import Tokenizer
from .weights import Weights

__all__ = ["Model", "Origin"]


class Origin(Enum):
    """Where weights come from; said wherever results are shown."""

    CHECKPOINT = "checkpoint"
    RANDOM = "seeded random"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded model.

    name: as the user named it, or the directory's name
    graph: what it computes, perhaps with padded rows
    config: the architecture's numbers
    weights: lazy float32 tensors by the graph's parameter names
    origin: of the weights
    end_tokens: those that end a text; the first is likeliest
    begin_token: the one that a text begins with, if the model has one
    tokenizer: of its text, if there is one
    calibration: text that number formats are measured on, if there is any
    general_calibration: whether that text is the package's, for any model
    heldout: text that losses are measured on, if there is any
    notes: sentences that whoever builds it should read
    unpadded: the graph before its rows were padded, if they were
    source: what `load` was given; None: a model that is in no file
    """

    name: str
    graph: Graph
    config: ArchitectureConfig
    weights: Weights = field(repr=False, compare=False)
    origin: Origin
    end_tokens: tuple[int, ...] = ()
    begin_token: int | None = None
    tokenizer: Tokenizer | None = None
    calibration: str | None = field(default=None, repr=False)
    general_calibration: bool = False
    heldout: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    unpadded: Graph | None = field(default=None, repr=False)
    source: ModelSource | None = field(default=None, repr=False, compare=False)

    @property
    def natural(self) -> Graph:
        """The graph that the files describe, without padding."""
        return self.unpadded or self.graph
