# SPDX-License-Identifier: Apache-2.0
"""Tensors of a GGUF file as 32-bit floats, with Hugging Face's names and layout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..packed.matrix import Codes
from .architecture import Architecture
from .blocks import block_codes
from .metadata import Metadata
from .reader import GgufFile, TensorPlace

__all__ = ["GgufTensor", "has_own_head", "tensors_of"]

Floats = NDArray[np.float32]

_UNUSED = frozenset({"rope_freqs"})
"""Tables that the configuration says, too."""


@dataclass(frozen=True)
class _Change:
    """What makes a tensor Hugging Face's; rows: an order of its rows, if it is no more than that"""

    values: Callable[[Floats], Floats]
    rows: Callable[[NDArray[Any]], NDArray[Any]] | None = None


@dataclass(frozen=True)
class GgufTensor:
    """A tensor of the file, made floats each time it is read.

    change: what is undone then; rows: the same, if it is an order of rows
    """

    file: GgufFile
    place: TensorPlace
    shape: tuple[int, ...]
    change: Callable[[Floats], Floats] = field(repr=False)
    rows: Callable[[NDArray[Any]], NDArray[Any]] | None = field(default=None, repr=False)
    kind: str = "F32"

    def codes(self) -> Codes | None:
        """The codes of a matrix of evenly spaced weights, as they are in the file."""
        from gguf.constants import GGMLQuantizationType

        place, rows = self.place, self.rows
        if rows is None or len(place.shape) != 2:
            return None
        raw = self.file.data[place.begin : place.begin + place.size].reshape(place.shape[0], -1)
        found = block_codes(GGMLQuantizationType(place.type).name, raw)
        if found is None:
            return None
        return replace(
            found,
            codes=rows(found.codes),
            zeros=rows(found.zeros),
            scales=rows(found.scales),
            offsets=None if found.offsets is None else rows(found.offsets),
        )

    def read(self) -> Floats:
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        kind, place = GGMLQuantizationType(self.place.type), self.place
        raw = self.file.data[place.begin : place.begin + place.size]
        if kind is GGMLQuantizationType.F64:
            values = raw.view(np.float64).astype(np.float32)
        elif kind in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
            values = raw.view(np.float32 if kind.name == "F32" else np.float16).astype(np.float32)
        else:
            rows = raw.reshape(*place.shape[:-1], -1)
            try:
                values = dequantize(np.ascontiguousarray(rows), kind)
            except NotImplementedError:
                raise UserError(
                    f"{self.file.path}: tensors must have a type that gguf can dequantize, "
                    f"not {kind.name}"
                ) from None
        return self.change(values.reshape(place.shape).astype(np.float32, copy=False))


def tensors_of(file: GgufFile, architecture: Architecture) -> dict[str, GgufTensor]:
    """All tensors by Hugging Face's names; raises ``UserError`` for one that has none."""
    found = {}
    for name, place in file.tensors.items():
        if name.partition(".")[0] in _UNUSED or (
            name == "output.weight" and not has_own_head(file)
        ):
            continue
        part, renamed = _renamed(name, architecture)
        if renamed is None:
            raise UserError(
                f"{file.path}: tensor {name} must be one of its architecture, and is not"
            )
        shape, change = _layout(part, place, renamed, file, architecture)
        found[renamed] = GgufTensor(file, place, shape, change.values, change.rows)
    return found


def has_own_head(file: GgufFile) -> bool:
    """Whether the head is another matrix than the table of the embedding."""
    head, table = (file.tensors.get(f"{name}.weight") for name in ("output", "token_embd"))
    if head is None or table is None:
        return head is not None
    if (head.shape, head.type) != (table.shape, table.type):
        return True
    first, second = (file.data[p.begin : p.begin + p.size] for p in (head, table))
    return not np.array_equal(first, second)


def _renamed(name: str, architecture: Architecture) -> tuple[str, str | None]:
    """The part of a model that a tensor is of, and its name there."""
    stem, _, end = name.rpartition(".")
    if stem.startswith("blk."):
        _, number, part = stem.split(".", 2) if stem.count(".") >= 2 else ("", "", "")
        if number.isdecimal() and part in architecture.inner:
            block = architecture.block.format(int(number))
            return part, f"{block}.{architecture.inner[part]}.{end}"
        return part, None
    known: Mapping[str, str] = architecture.outer
    return stem, f"{known[stem]}.{end}" if stem in known else None


def _layout(
    part: str, place: TensorPlace, name: str, file: GgufFile, architecture: Architecture
) -> tuple[tuple[int, ...], _Change]:
    """The shape that Hugging Face has, and what makes it."""
    if architecture.interleaved and part in ("attn_q", "attn_k"):
        metadata = Metadata(file)
        kind = metadata.text("general.architecture")
        heads = metadata.integer(f"{kind}.attention.head_count")
        if part == "attn_k":
            heads = metadata.integer(f"{kind}.attention.head_count_kv", heads)
        if heads < 1 or place.shape[0] % (2 * heads):
            raise UserError(
                f"{file.path}: tensor {name} must have rows for {heads} heads, not {place.shape[0]}"
            )
        order = partial(_halves, heads=heads)
        return place.shape, _Change(order, order)
    if architecture.norms_add_one and part.endswith("norm"):
        return place.shape, _Change(_without_one)
    if part in architecture.transposed and len(place.shape) == 2:
        return place.shape[::-1], _Change(np.transpose)
    return place.shape, _Change(_same, _same)


def _same(values: NDArray[Any]) -> NDArray[Any]:
    return values


def _without_one(values: Floats) -> Floats:
    return values - np.float32(1)


def _halves(values: NDArray[Any], *, heads: int) -> NDArray[Any]:
    """Rows of each head from adjacent pairs to two halves."""
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return pairs.swapaxes(1, 2).reshape(values.shape)
