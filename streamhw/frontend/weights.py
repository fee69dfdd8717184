# SPDX-License-Identifier: Apache-2.0
"""Lazy mappings from parameter names to float32 tensors: checkpoints, and seeded random ones."""

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..errors import UserError
from ..graph import Graph, Parameter

__all__ = ["CheckpointWeights", "Floats", "RandomWeights", "Weights"]

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
"""Float32 tensors by parameter name, read or generated each time one is asked for."""

_TYPES = ("F64", "F32", "F16")
_PREFIX = "transformer."
_ADDING = ("c_proj.weight", "o_proj.weight", "down_proj.weight")
"""Ends of the names of matrices whose results are added to the residual stream."""
_BLOCK = 4096
"""Rows that are drawn from one seed."""


class CheckpointWeights(Weights):
    """The tensors of a graph in a ``.safetensors`` file or a directory that has them.

    A directory holds ``model.safetensors``, or ``model.safetensors.index.json`` and the shards
    that it names. Files stay memory-mapped; each access converts one tensor to float32. Names
    are the graph's; a checkpoint may prefix them with ``transformer.``

    Raises ``UserError`` if a file is missing or truncated, a tensor of the graph is missing, has
    another shape or type, or contains infinities or NaNs.
    """

    def __init__(self, path: Path, graph: Graph):
        self._files = _index(path)
        self._names = {name.removeprefix(_PREFIX): name for name in self._files}
        self._parameters = {p.name: p for p in graph.parameters()}
        for parameter in self._parameters.values():
            self._check(parameter, path)

    def _check(self, parameter: Parameter, path: Path) -> None:
        stored = self._names.get(parameter.name)
        if stored is None:
            raise UserError(f"{path}: tensor {parameter.name} is missing")
        file = self._files[stored]
        part = file.get_slice(stored)
        shape, kind = tuple(part.get_shape()), part.get_dtype()
        if shape != parameter.shape:
            raise UserError(
                f"{path}: tensor {parameter.name} must have shape {list(parameter.shape)}, "
                f"not {list(shape)}"
            )
        if kind not in _TYPES:
            raise UserError(
                f"{path}: tensor {parameter.name} must have type {', '.join(_TYPES)}, not {kind}"
            )
        if not np.isfinite(file.get_tensor(stored)).all():
            raise UserError(f"{path}: tensor {parameter.name} must be finite, not infinite or NaN")

    def __getitem__(self, name: str) -> Floats:
        if name not in self._parameters:
            raise KeyError(name)
        stored = self._names[name]
        return np.asarray(self._files[stored].get_tensor(stored), dtype=np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except FileNotFoundError:
        raise UserError(f"{path}: the weights file is missing") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: the file must be a complete safetensors file ({error})") from None


def _index(path: Path) -> dict[str, Any]:
    """Which open file holds each stored tensor."""
    if not path.is_dir():
        file = _open(path)
        return dict.fromkeys(file.keys(), file)
    index = path / "model.safetensors.index.json"
    if not index.exists():
        return _index(path / "model.safetensors")
    try:
        shards: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (ValueError, KeyError):
        raise UserError(f"{index}: the file must be JSON with a weight_map") from None
    files = {shard: _open(path / shard) for shard in sorted(set(shards.values()))}
    held = {shard: set(file.keys()) for shard, file in files.items()}
    for name, shard in shards.items():
        if name not in held[shard]:
            raise UserError(f"{path / shard}: tensor {name} is missing")
    return {name: files[shard] for name, shard in shards.items()}


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
