# SPDX-License-Identifier: Apache-2.0
"""Matrices whose checkpoint has integers already: they become the hardware's codes as they are."""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..frontend.packed.matrix import Codes, HasCodes
from ..graph import Linear, Node, parameter_name
from ..numerics.element_format import ElementFormat
from .grid import integer_grid, stored_grid
from .quantized_model import LinearParameters
from .rules import Quantization
from .weight_formats import weight_format
from .weights import dequantize, output_scales

__all__ = ["even_smooth_scales", "evened", "kept_codes", "kept_matrix", "shares_scales"]

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
    return _even(scales, _kept_group(state, node, layer), run)


def even_smooth_scales(
    state: Quantization,
    node: Node,
    layer: int | None,
    ranges: Reals | None = None,
    *,
    fine: bool = False,
) -> Reals:
    """``smooth_scales`` of which some are so."""
    group = _kept_group(state, node, layer)
    even = partial(_even, group=group)
    return even(state.smooth_scales(node, layer, ranges, even, fine))


def shares_scales(state: Quantization, node: Node) -> bool:
    """Whether features of a value must share scales in some layer."""
    return any(_kept_group(state, node, layer) is not None for layer in state.layers(node.name))


def _kept_group(state: Quantization, node: Node, layer: int | None) -> int | None:
    """Features that must share a scale; 0: all of them; ``None``: each has its own."""
    groups = [
        _format(state, reader).scale_group or 0
        for reader in state.graph.readers(node.name)
        if kept_codes(state, reader, layer) is not None
    ]
    return None if not groups else 0 if 0 in groups else max(groups)


def _even(scales: Reals, group: int | None, run: int | None = None) -> Reals:
    if group is None:
        return scales
    if group == 0 or len(scales) % group or (run is not None and run % group):
        group = len(scales)
    return np.repeat(scales.reshape(-1, group).max(axis=1), group)


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
    codes, offsets = stored.fitted(weights)
    columns = codes.shape[1]
    group = weights.scale_group or columns
    inputs = source.reshape(-1, group).astype(np.float64)
    if (inputs.max(axis=1) > (1 + _EVEN) * inputs.min(axis=1)).any():
        return None
    grid = stored_grid(stored, offsets, inputs.mean(axis=1), group)
    steps = integer_grid(grid, bias, weights, output_scale)
    found = LinearParameters(
        weight=codes.astype(np.int8),
        group_multipliers=None if weights.scale_group is None else steps.multipliers,
        group_offsets=steps.offsets,
        bias=np.zeros(len(codes), dtype=np.int32),
        mult=np.zeros(len(codes), dtype=np.uint16),
        shift=np.zeros(len(codes), dtype=np.uint8),
        row_step=steps.row,
    )
    if mean is not None:
        bias = bias + (stored.floats() * source - dequantize(found)) @ mean
    whole, mult, shift = output_scales(bias, steps.row, output_scale)
    return replace(found, bias=whole, mult=mult, shift=shift)
