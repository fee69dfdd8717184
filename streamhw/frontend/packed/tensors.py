# SPDX-License-Identifier: Apache-2.0
"""Packed tensors of a checkpoint as matrices with the names that they had before."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..reading.stored_tensor import StoredTensor, StoredTensors
from .matrix import Codes, PackedMatrix
from .scheme import PackedScheme, Packing
from .words import AWQ_ORDER, unpacked

__all__ = ["unpacked_tensors"]

_PARTS = {
    Packing.GPTQ: ("qweight", "qzeros", "scales", "g_idx"),
    Packing.AWQ: ("qweight", "qzeros", "scales"),
    Packing.COMPRESSED: (
        "weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx",
    ),
}  # fmt: skip
"""Ends of the names of the tensors that a matrix is made of."""
_EXTRA = ("input_scale", "input_zero_point", "output_scale", "k_scale", "v_scale")
"""Scales of activations, which are measured anew."""


def unpacked_tensors(stored: StoredTensors, scheme: PackedScheme, source: str) -> StoredTensors:
    """All tensors, packed ones as one matrix each; raises ``UserError`` for those that are missing
    or have another shape."""
    parts, found = _PARTS[scheme.packing], {}
    packed: dict[str, dict[str, StoredTensor]] = {}
    for name, tensor in stored.items():
        stem, _, end = name.rpartition(".")
        if end in parts or (end == "weight" and f"{stem}.weight_scale" in stored):
            packed.setdefault(stem, {})[end] = tensor
        elif end not in _EXTRA:
            found[name] = tensor
    for stem, those in packed.items():
        found[f"{stem}.weight"] = _matrix(_Parts(stem, those, source), scheme)
    return found


@dataclass(frozen=True)
class _Parts:
    """The tensors of one matrix; all methods raise ``UserError`` with their names."""

    stem: str
    tensors: Mapping[str, StoredTensor]
    source: str

    def __contains__(self, end: str) -> bool:
        return end in self.tensors

    def get(self, end: str) -> StoredTensor:
        if end not in self.tensors:
            name = f"{self.stem}.{end}"
            raise UserError(f"{self.source}: tensor {name} is missing")
        return self.tensors[end]

    def check(self, end: str, wanted: tuple[int, ...]) -> None:
        """That a tensor has this shape."""
        if (found := self.get(end).shape) != wanted:
            name = f"{self.stem}.{end}"
            raise UserError(
                f"{self.source}: tensor {name} must have shape {list(wanted)}, not {list(found)}"
            )

    def sizes(self, end: str) -> tuple[int, int]:
        """Those of a tensor of two dimensions."""
        found = self.get(end).shape
        if len(found) != 2 or min(found) < 1:
            name = f"{self.stem}.{end}"
            raise UserError(
                f"{self.source}: tensor {name} must have 2 dimensions of 1 or more, "
                f"not {list(found)}"
            )
        return found[0], found[1]

    def check_groups(self, end: str, groups: int, inputs: int) -> None:
        """That groups of columns are of one size."""
        if inputs % groups:
            name = f"{self.stem}.{end}"
            raise UserError(
                f"{self.source}: tensor {name} must have a number of groups that divides {inputs}, "
                f"not {groups}"
            )

    def groups(self, end: str, count: int) -> NDArray[np.int64]:
        """The group of each column, in the order that columns were quantized in."""
        found = self.get(end).read().astype(np.int64).reshape(-1)
        if found.min() < 0 or found.max() >= count:
            name = f"{self.stem}.{end}"
            raise UserError(
                f"{self.source}: tensor {name} must have groups up to {count - 1}, "
                f"not {found.min()} to {found.max()}"
            )
        return found


def _matrix(parts: _Parts, scheme: PackedScheme) -> PackedMatrix:
    if scheme.packing is Packing.COMPRESSED:
        return _compressed(parts, scheme)
    each = 32 // scheme.bits
    gptq = scheme.packing is Packing.GPTQ
    rows, columns = parts.sizes("qweight")
    inputs, outputs = (rows * each, columns) if gptq else (rows, columns * each)
    groups = parts.sizes("scales")[0]
    parts.check("scales", (groups, outputs))
    parts.check("qzeros", (groups, -(-outputs // each)))
    parts.check_groups("scales", groups, inputs)
    if "g_idx" in parts:
        parts.check("g_idx", (inputs,))
    unpack = partial(_gptq if gptq else _awq, parts, scheme, inputs, outputs)
    return PackedMatrix(shape=(outputs, inputs), unpack=unpack)


def _gptq(parts: _Parts, scheme: PackedScheme, inputs: int, outputs: int) -> Codes:
    codes = unpacked(parts.get("qweight").read(), scheme.bits, 0)[:inputs].T
    zeros = unpacked(parts.get("qzeros").read(), scheme.bits, 1)[:, :outputs].T
    scales = parts.get("scales").read().astype(np.float32).T
    groups = scales.shape[1]
    columns: NDArray[np.int64] = np.arange(inputs) // (inputs // groups)
    if "g_idx" in parts:
        columns = parts.groups("g_idx", groups)
    return Codes(
        codes=codes.astype(np.int16),
        zeros=zeros.astype(np.int16) + np.int16(scheme.zero_offset),
        scales=scales,
        columns=columns,
    )


def _awq(parts: _Parts, scheme: PackedScheme, inputs: int, outputs: int) -> Codes:
    codes = unpacked(parts.get("qweight").read(), scheme.bits, 1, AWQ_ORDER).T
    zeros = unpacked(parts.get("qzeros").read(), scheme.bits, 1, AWQ_ORDER).T
    scales = parts.get("scales").read().astype(np.float32).T
    columns = np.arange(inputs) // (inputs // scales.shape[1])
    return Codes(
        codes=codes.astype(np.int16), zeros=zeros.astype(np.int16), scales=scales, columns=columns
    )


def _compressed(parts: _Parts, scheme: PackedScheme) -> PackedMatrix:
    if "weight" in parts:
        shape = parts.sizes("weight")
    else:
        parts.check("weight_shape", (2,))
        outputs, inputs = (int(size) for size in parts.get("weight_shape").read())
        parts.check("weight_packed", (outputs, -(-inputs // (32 // scheme.bits))))
        shape = outputs, inputs
    outputs, inputs = shape
    found = parts.get("weight_scale").shape
    groups = found[1] if len(found) == 2 else 1
    one = int(np.prod(found)) == 1  # of the whole matrix
    if not one and len(found) != 1:
        parts.check("weight_scale", (outputs, max(1, groups)))
    parts.check_groups("weight_scale", max(1, groups), inputs)
    if not one and len(found) == 1:
        parts.check("weight_scale", (outputs,))
    if "weight_g_idx" in parts:
        parts.check("weight_g_idx", (inputs,))
    unpack = partial(_compressed_codes, parts, scheme, shape, groups)
    return PackedMatrix(shape=shape, unpack=unpack)


def _compressed_codes(
    parts: _Parts, scheme: PackedScheme, shape: tuple[int, int], groups: int
) -> Codes:
    outputs, inputs = shape
    middle = 1 << (scheme.bits - 1)
    if "weight" in parts:
        codes = parts.get("weight").read().astype(np.int16)
    else:
        words = unpacked(parts.get("weight_packed").read(), scheme.bits, 1)
        codes = words[:, :inputs].astype(np.int16) - np.int16(middle)
    scales = parts.get("weight_scale").read().astype(np.float32).reshape(-1, groups)
    columns: NDArray[np.int64] = np.arange(inputs) // (inputs // groups)
    if "weight_g_idx" in parts:
        columns = parts.groups("weight_g_idx", groups)
    zeros: NDArray[np.int16] = np.zeros((1, groups), dtype=np.int16)
    if "weight_zero_point" in parts:
        stored = parts.get("weight_zero_point").read()
        if "weight" not in parts and stored.dtype == np.int32:
            words = unpacked(stored, scheme.bits, 0)[:outputs]
            stored = words.astype(np.int16) - np.int16(middle)
        zeros = stored.astype(np.int16).reshape(-1, groups)
    return Codes(
        codes=codes,
        zeros=np.broadcast_to(zeros, (outputs, groups)),
        scales=np.broadcast_to(scales, (outputs, groups)),
        columns=columns,
    )
