# SPDX-License-Identifier: Apache-2.0
"""Matrices whose checkpoint has integers already: they become the hardware's codes as they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frontend.packed.matrix import Codes, HasCodes
from ..graph import Linear, Node, parameter_name
from ..numerics.element_format import ElementFormat
from .quantized_model import LinearParameters
from .rules import Quantization
from .weight_formats import weight_format
from .weights import output_scales

__all__ = ["evened", "kept_codes", "kept_matrix"]

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

_EVEN = 1e-2
"""How far scales of a group's features may lie apart: norms round theirs."""


def kept_codes(state: Quantization, node: Node, layer: int | None) -> Codes | None:
    """The stored codes of a product's matrix [outputs, inputs], if its number format has them."""
    op, weights = node.op, state.model.weights
    if not isinstance(op, Linear) or op.transposed or not isinstance(weights, HasCodes):
        return None
    stored = weights.stored_codes(parameter_name(op.weight, layer))
    if stored is None or stored.misfit(_format(state, node)) is not None:
        return None
    return stored


def _format(state: Quantization, node: Node) -> ElementFormat:
    return weight_format(state.graph, node.name, state.config)


def evened(
    state: Quantization, node: Node, layer: int | None, scales: Reals, run: int | None = None
) -> Reals:
    """Scales of a value, one for all features that share a scale in stored codes which read it:
    only then do products of codes add up.

    run: features of a head, if scales of one are repeated for others
    """
    groups = [
        _format(state, reader).scale_group or len(scales)
        for reader in state.graph.readers(node.name)
        if kept_codes(state, reader, layer) is not None
    ]
    if not groups:
        return scales
    group = max(groups)
    if len(scales) % group or (run is not None and run % group):
        group = len(scales)
    return np.repeat(scales.reshape(-1, group).max(axis=1), group)


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """The real value of an accumulator's LSB of each row, and multipliers of groups of columns."""

    row: Reals
    multipliers: NDArray[np.uint8]


def kept_matrix(
    stored: Codes,
    weights: ElementFormat,
    source: Floats,
    bias: Reals,
    mean: Floats | None,
    output_scale: Reals,
) -> LinearParameters | None:
    """The integers of a matrix with its stored codes; ``None`` if scales of its input differ within
    a group.

    source: real size of an LSB of each input; mean: of each input, whose rounding goes into the
    bias, as of matrices that are quantized; output_scale: output integers per real unit
    """
    codes = stored.signed()
    columns = codes.shape[1]
    group = weights.scale_group or columns
    inputs = source.reshape(-1, group).astype(np.float64)
    if (inputs.max(axis=1) > (1 + _EVEN) * inputs.min(axis=1)).any():
        return None
    scale = stored.scales[:, stored.columns[::group]] * inputs.mean(axis=1)
    steps = _steps(scale, bias, output_scale, weights.scale_group is not None)
    if mean is not None:
        exact = np.repeat(steps.multipliers * steps.row[:, None], group, axis=1)
        bias = bias + (stored.floats() * source - codes * exact) @ mean
    whole, mult, shift = output_scales(bias, steps.row, output_scale)
    return LinearParameters(
        weight=codes.astype(np.int8),
        group_multipliers=None if weights.scale_group is None else steps.multipliers,
        group_offsets=None,
        bias=whole,
        mult=mult,
        shift=shift,
        row_step=steps.row,
    )


def _steps(scale: Reals, bias: Reals, output_scale: Reals, grouped: bool) -> _Steps:
    most = 255 if grouped else 1
    row = scale.max(axis=1) / most
    if grouped:  # the bias must fit 32 bits and the multiplier its shift
        row = np.maximum(row, np.maximum(np.abs(bias) * 2.0**-30, 2.0**-40 / output_scale))
    multipliers = np.clip(np.rint(scale / row[:, None]), 1, most).astype(np.uint8)
    return _Steps(row=row, multipliers=multipliers)
