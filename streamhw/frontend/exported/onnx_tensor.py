# SPDX-License-Identifier: Apache-2.0
"""Tensors of ONNX files: inside, or at an offset of a file beside it."""

from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .constant import Constant

__all__ = ["array_constant", "initializer"]

_TYPES = {
    "FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16, "INT64": np.int64,
    "INT32": np.int32, "BOOL": np.bool_,
}  # fmt: skip
"""Types of files beside a model that numpy maps as they are."""


def array_constant(values: NDArray[Any], *names: str) -> Constant:
    """A constant that is there as an array."""
    return Constant(native=values, shape=values.shape, load=lambda: values, names=names)


def initializer(proto: Any, source: str, folder: Path) -> Constant:
    """A tensor of the file, or of one beside it, which stays mapped; raises ``UserError``."""
    from onnx import TensorProto

    shape = tuple(proto.dims)
    if any(size < 0 for size in shape):
        raise UserError(f"{source}: tensor {proto.name} must have sizes of 0 or more, not {shape}")
    if proto.data_location == TensorProto.EXTERNAL:
        values = _external(proto, shape, source, folder)
    else:
        values = _inside(proto, source)
    load = partial(_floats, values)
    return Constant(native=values, shape=shape, load=load, names=(proto.name,), whole=True)


def _floats(values: NDArray[Any]) -> NDArray[Any]:
    """Floats that numpy computes with."""
    return values.astype(np.float32) if values.dtype.kind == "V" else values


def _inside(proto: Any, source: str) -> NDArray[Any]:
    from onnx import numpy_helper

    try:
        return np.asarray(numpy_helper.to_array(proto))
    except Exception as error:  # whatever the library makes of damage
        said = str(error).partition("\n")[0][:80]
        raise UserError(f"{source}: tensor {proto.name} must be whole ({said})") from None


def _external(proto: Any, shape: tuple[int, ...], source: str, folder: Path) -> NDArray[Any]:
    from onnx import TensorProto

    facts = {entry.key: entry.value for entry in proto.external_data}
    location, kind = facts.get("location", ""), TensorProto.DataType.Name(proto.data_type)
    if not location or Path(location).name != location:
        raise UserError(
            f"{source}: tensor {proto.name} must be in a file of the same folder, not {location!r}"
        )
    if kind not in _TYPES and kind != "BFLOAT16":
        raise UserError(
            f"{source}: tensor {proto.name} must have type {', '.join(_TYPES)}, not {kind}"
        )
    try:
        if not (folder / location).is_file():
            raise ValueError("there is no such file")
        if kind == "BFLOAT16":
            import ml_dtypes

            dtype: Any = ml_dtypes.bfloat16
        else:
            dtype = _TYPES[kind]
        if prod(shape) == 0:
            return np.zeros(shape, dtype)
        offset = int(facts.get("offset", 0))
        return np.memmap(folder / location, dtype, "r", offset, shape)
    except (OSError, ValueError, OverflowError) as error:
        said = str(error).partition("\n")[0][:80]
        raise UserError(
            f"{source}: tensor {proto.name} must be whole in {location} ({said})"
        ) from None
