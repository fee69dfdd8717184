# SPDX-License-Identifier: Apache-2.0
"""Reads what stands before the tensors of a GGUF file: metadata, and where each tensor is.

The ``gguf`` package reads headers, too. This reader is faster, and its time and memory are bounded
by the size of the file, whatever is in it.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .cursor import Cursor, DamagedError, Value

__all__ = ["GgufFile", "TensorPlace", "read_gguf"]

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_ENTRIES = 1 << 16
_MOST_DIMENSIONS = 4
_ALIGNMENT = "general.alignment"
_LARGEST_ALIGNMENT = 1 << 20


@dataclass(frozen=True, kw_only=True)
class TensorPlace:
    """A tensor in the file: shape as numpy has it, type by its number, first byte and size."""

    shape: tuple[int, ...]
    type: int
    begin: int
    size: int


@dataclass(frozen=True, kw_only=True)
class GgufFile:
    """data: the whole file, mapped; metadata, tensors: by their names"""

    path: Path
    data: NDArray[np.uint8] = field(repr=False)
    metadata: Mapping[str, Value] = field(repr=False)
    tensors: Mapping[str, TensorPlace] = field(repr=False)


def read_gguf(path: Path) -> GgufFile:
    """The contents of a file; raises ``UserError`` if it is not whole."""
    try:
        facts = path.stat()
        return _read(path, facts.st_mtime_ns, facts.st_size)
    except (OSError, DamagedError) as error:
        raise UserError(f"{path}: the file must be a whole GGUF file, but {error}") from None


@functools.lru_cache(maxsize=2)
def _read(path: Path, _: int, size: int) -> GgufFile:
    if not path.is_file():
        raise DamagedError("it is none")
    if size < len(_MAGIC):
        raise DamagedError(f"it has {size} bytes")
    data: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
    cursor = Cursor(data)
    if cursor.take(len(_MAGIC)) != _MAGIC:
        raise DamagedError("it does not begin with GGUF")
    version = cursor.number("<I")
    if version not in _VERSIONS:
        raise DamagedError(f"its version is {version}")
    tensors, entries = cursor.count(24), cursor.count(13)
    if max(tensors, entries) > _MOST_ENTRIES:
        raise DamagedError(
            f"it says that it has {tensors} tensors and {entries} entries of metadata"
        )
    metadata: dict[str, Value] = {}
    for _entry in range(entries):
        name = cursor.text()
        if name in metadata:
            raise DamagedError(f"it has {name!r} twice")
        metadata[name] = cursor.value(cursor.number("<I"))
    places = [_place(cursor) for _tensor in range(tensors)]
    alignment = metadata.get(_ALIGNMENT, 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= _LARGEST_ALIGNMENT:
        raise DamagedError(f"{_ALIGNMENT} is {alignment!r}")
    begin = -(-cursor.position // alignment) * alignment
    found: dict[str, TensorPlace] = {}
    for name, shape, kind, offset in places:
        if name in found:
            raise DamagedError(f"it has the tensor {name!r} twice")
        found[name] = TensorPlace(
            shape=shape, type=kind, begin=begin + offset, size=_bytes(name, shape, kind)
        )
        if found[name].begin + found[name].size > size:
            raise DamagedError(f"the tensor {name!r} goes beyond its end")
    return GgufFile(path=path, data=data, metadata=metadata, tensors=found)


def _place(cursor: Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, type and offset of the next tensor."""
    name, dimensions = cursor.text(), cursor.number("<I")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise DamagedError(f"the tensor {name!r} has {dimensions} dimensions")
    # The file has the fastest dimension first.
    shape = tuple(cursor.number("<Q") for _ in range(dimensions))[::-1]
    return name, shape, cursor.number("<I"), cursor.number("<Q")


def _bytes(name: str, shape: tuple[int, ...], kind: int) -> int:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    except (KeyError, ValueError):
        raise DamagedError(f"the tensor {name!r} has the unknown type {kind}") from None
    if not all(shape) or shape[-1] % block:
        raise DamagedError(f"the tensor {name!r} has the shape {list(shape)}")
    return math.prod(shape) // block * size
