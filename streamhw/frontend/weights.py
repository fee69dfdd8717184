# SPDX-License-Identifier: Apache-2.0
"""Lazy mappings from parameter names to float32 tensors: checkpoints, and seeded random ones."""

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..graph import Graph, Parameter
from .packed.matrix import Codes, PackedMatrix, StoredCodes
from .reading.stored_tensor import ChangedTensor, StoredTensor, StoredTensors

__all__ = ["CheckpointWeights", "Floats", "RandomWeights", "Weights", "row_blocks"]

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
"""Float32 tensors by parameter name, read or generated each time one is asked for."""

_TYPES = ("F64", "F32", "F16", "BF16")
_LARGEST = 1e19
"""The square is just finite in 32-bit floats."""
_ADDING = ("c_proj.weight", "o_proj.weight", "down_proj.weight")
"""Ends of the names of matrices whose results are added to the residual stream."""
_BLOCK = 4096
"""Rows that are drawn from one seed."""
_AT_ONCE = 1 << 16
"""Numbers that are drawn and looked up at once: so many stay in a processor's cache. A multiple of
the four that a random word gives."""


class CheckpointWeights(Weights):
    """The tensors of a graph in the files of a checkpoint.

    path: for messages; stored: what a family made of the files' tensors, by the graph's names
    Each access converts one tensor to float32.

    Raises ``UserError`` if a tensor of the graph is missing, has another shape or type, or values
    that nothing can be computed from, or if there is a tensor that the graph does not have.
    """

    def __init__(self, path: Path, stored: StoredTensors, graph: Graph):
        self._stored: dict[str, StoredTensor] = {}
        for parameter in graph.parameters():
            found = stored.get(parameter.name)
            if found is None:
                raise UserError(f"{path}: tensor {parameter.name} is missing")
            _check(found, parameter, path)
            self._stored[parameter.name] = found
        for name in stored:
            if name not in self._stored:
                raise UserError(
                    f"{path}: tensor {name} must be one of the model that config.json describes, "
                    "and is not",
                    hint="config.json is of another model, of fewer layers or without this bias; "
                    "mend it, or remove the tensor",
                )

    def __getitem__(self, name: str) -> Floats:
        # What is beyond float32 was refused; what is below it is 0.
        return np.asarray(self._stored[name].read(), dtype=np.float32)

    @property
    def packed(self) -> tuple[str, ...]:
        """The names of matrices that the checkpoint has packed."""
        return tuple(name for name, found in self._stored.items() if _is_packed(found))

    def stored_codes(self, name: str) -> Codes | None:
        """The codes of a matrix that the checkpoint has as such, as they are."""
        found = self._stored[name]
        return found.codes() if isinstance(found, StoredCodes) else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def _is_packed(stored: StoredTensor) -> bool:
    """Whether a tensor is packed, in whatever layout a family wants it."""
    while isinstance(stored, ChangedTensor):
        stored = stored.tensor
    return isinstance(stored, PackedMatrix)


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
    with np.errstate(invalid="ignore"):
        values = stored.read()
        if values.dtype.itemsize < 4:
            values = values.astype(np.float32)  # where numpy is ten times as fast
        largest = float(max(values.max(initial=0), -values.min(initial=0)))
    if not np.isfinite(largest):
        raise UserError(f"{path}: tensor {parameter.name} must be finite, not infinite or NaN")
    if largest > _LARGEST:
        raise UserError(
            f"{path}: tensor {parameter.name} must have values up to {_LARGEST:g}, whose squares "
            f"are finite, not {largest:g}"
        )


@cache
def _normal_numbers() -> Floats:
    """Numbers of a normal distribution that are equally likely, one for each two random bytes.

    A number that is looked up takes a quarter of the time of one that is drawn, and a large model
    has a billion of them.
    """
    from scipy.special import ndtri

    count = 1 << 16
    return np.asarray(ndtri((np.arange(count) + 0.5) / count), dtype=np.float32)


class RandomWeights(Weights):
    """Tensors as GPT-2 is initialized, each block of rows from its own seed: the same ones in any
    order.

    Matrices and tables are normal with deviation 0.02, those that add to the residual stream
    divided by the root of the number of additions; biases are 0 and norm weights 1.
    """

    def __init__(self, graph: Graph, *, additions: int, seed: int = 0):
        self._parameters = {p.name: p for p in graph.parameters()}
        self.graph = graph
        self.additions = additions
        self.seed = seed

    @property
    def identity(self) -> tuple[object, ...]:
        """What all tensors follow from."""
        return type(self), self._parameters, self.additions, self.seed

    def __getitem__(self, name: str) -> Floats:
        return self.head(name, self.rows(name))

    def rows(self, name: str) -> int:
        """The first extent of a tensor."""
        return self._parameters[name].shape[0]

    def head(self, name: str, rows: int) -> Floats:
        """The first ``rows`` of a tensor, without making the others."""
        shape = self._parameters[name].shape
        values = np.empty((min(rows, shape[0]), *shape[1:]), dtype=np.float32)
        for block, begin in enumerate(range(0, len(values), _BLOCK)):
            self._fill(name, block, values[begin : begin + _BLOCK])
        return values

    def blocks(self, name: str) -> Iterator[Floats]:
        """A tensor in blocks of rows, each made when it is asked for."""
        rows, *rest = self._parameters[name].shape
        for block, begin in enumerate(range(0, rows, _BLOCK)):
            values = np.empty((min(_BLOCK, rows - begin), *rest), dtype=np.float32)
            self._fill(name, block, values)
            yield values

    def _fill(self, name: str, block: int, values: Floats) -> None:
        """Makes the first rows of a block."""
        if values.ndim == 1:
            values[...] = name.endswith(".weight")
            return
        deviation = 0.02
        if name.endswith(_ADDING):
            deviation /= self.additions**0.5
        numbers = _normal_numbers() * np.float32(deviation)
        random = np.random.PCG64((self.seed, zlib.crc32(name.encode()), block))
        part = values.reshape(-1)
        for at in range(0, part.size, _AT_ONCE):
            some = part[at : at + _AT_ONCE]
            words = random.random_raw(-(-some.size // 4)).astype("<u8", copy=False)
            numbers.take(words.view("<u2")[: some.size], out=some, mode="wrap")

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)


def row_blocks(weights: Weights, name: str) -> Iterator[Floats]:
    """A tensor in blocks of rows: one that follows from a seed is never there as a whole."""
    if isinstance(weights, RandomWeights):
        yield from weights.blocks(name)
    else:
        yield weights[name]
