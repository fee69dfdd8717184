# SPDX-License-Identifier: Apache-2.0
"""What becomes of packed matrices, in a sentence."""

from collections import Counter
from collections.abc import Sequence

from ...numerics.element_format import BUILT_IN
from .matrix import HasCodes
from .scheme import PackedScheme

__all__ = ["packed_note"]

_USUAL = {4: "int4g64", 8: "int8"}
"""The number format that hardware of so many bits has if nothing else is asked for."""
_OFFSETS = "int4g32m"
"""What has most of the others of 4 bits."""


def packed_note(name: str, scheme: PackedScheme, weights: HasCodes, matrices: Sequence[str]) -> str:
    """How many of a model's packed matrices are taken code by code, and why others are not."""
    reasons: Counter[str] = Counter()
    with_offsets = 0
    for matrix in matrices:
        stored = weights.stored_codes(matrix)
        with_offsets += stored is not None and stored.misfit(BUILT_IN[_OFFSETS]) is None
        if stored is None:
            reasons["they are stored in another layout"] += 1
        elif scheme.bits not in _USUAL:
            reasons[f"hardware has no codes of {scheme.bits} bits"] += 1
        elif (reason := stored.misfit(BUILT_IN[_USUAL[scheme.bits]])) is not None:
            reasons[reason] += 1
    count = len(matrices) - sum(reasons.values())
    said = f"{name}: {count} of {len(matrices)} packed matrices keep their codes"
    if count:
        said += f" with --quant w{scheme.bits}a8"
    if with_offsets > count:
        said += f", {with_offsets} with --quant {_OFFSETS}"
    if not reasons:
        return said
    return f"{said}; others are quantized again ({', '.join(reasons)})"
