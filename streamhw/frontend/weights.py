# SPDX-License-Identifier: Apache-2.0
"""Lazy mappings from parameter names to float32 tensors: checkpoints, and seeded random ones."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..graph import Graph, Parameter
from .format import StoredTensor

__all__ = ["CheckpointWeights", "Floats", "RandomWeights", "Weights"]

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
"""Float32 tensors by parameter name, read or generated each time one is asked for."""

_TYPES = ("F64", "F32", "F16")
_ADDING = ("c_proj.weight", "o_proj.weight", "down_proj.weight")
"""Ends of the names of matrices whose results are added to the residual stream."""
_BLOCK = 4096
"""Rows that are drawn from one seed."""


class CheckpointWeights(Weights):
    """The tensors of a graph in the files of a checkpoint.

    stored: as a file format reads them, by the names in the files; path: for messages
    names: the names under which a family's files may hold a parameter
    Each access converts one tensor to float32.

    Raises ``UserError`` if a tensor of the graph is missing, has another shape or type, or contains
    infinities or NaNs.
    """

    def __init__(
        self,
        path: Path,
        stored: Mapping[str, StoredTensor],
        graph: Graph,
        names: Callable[[str], tuple[str, ...]],
    ):
        self._parameters = {p.name: p for p in graph.parameters()}
        self._stored: dict[str, StoredTensor] = {}
        for parameter in self._parameters.values():
            found = next((stored[n] for n in names(parameter.name) if n in stored), None)
            if found is None:
                raise UserError(f"{path}: tensor {parameter.name} is missing")
            _check(found, parameter, path)
            self._stored[parameter.name] = found

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self._stored[name].read(), dtype=np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)


def _check(stored: StoredTensor, parameter: Parameter, path: Path) -> None:
    if stored.shape != parameter.shape:
        raise UserError(
            f"{path}: tensor {parameter.name} must have shape {list(parameter.shape)}, "
            f"not {list(stored.shape)}"
        )
    if stored.kind not in _TYPES:
        raise UserError(
            f"{path}: tensor {parameter.name} must have type {', '.join(_TYPES)}, not {stored.kind}"
        )
    if not np.isfinite(stored.read()).all():
        raise UserError(f"{path}: tensor {parameter.name} must be finite, not infinite or NaN")


class RandomWeights(Weights):
    """Tensors as GPT-2 is initialized, each block of rows from its own seed: the same ones in any
    order.

    Matrices and tables are normal with deviation 0.02, those that add to the residual stream
    divided by the root of the number of additions; biases are 0 and norm weights 1.
    """

    def __init__(self, graph: Graph, *, additions: int, seed: int = 0):
        self._parameters = {p.name: p for p in graph.parameters()}
        self._additions = additions
        self._seed = seed

    def __getitem__(self, name: str) -> Floats:
        return self.head(name, self._parameters[name].shape[0])

    def head(self, name: str, rows: int) -> Floats:
        """The first ``rows`` of a tensor, without making the others."""
        shape = self._parameters[name].shape
        rows = min(rows, shape[0])
        if len(shape) == 1:
            return np.full(rows, name.endswith(".weight"), dtype=np.float32)
        deviation = 0.02
        if name.endswith(_ADDING):
            deviation /= self._additions**0.5
        values = np.empty((rows, *shape[1:]), dtype=np.float32)
        for block, begin in enumerate(range(0, rows, _BLOCK)):
            random = np.random.default_rng((self._seed, zlib.crc32(name.encode()), block))
            random.standard_normal(out=values[begin : begin + _BLOCK], dtype=np.float32)
        values *= np.float32(deviation)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)
