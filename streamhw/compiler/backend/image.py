# SPDX-License-Identifier: Apache-2.0
"""The memory image of a design."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..ir.design import Design
from ..layers.table import layer_table
from ..memory.layout import image
from ..memory.rules import MemoryContext

__all__ = ["design_image"]


def design_image(design: Design) -> Iterator[NDArray[np.uint8]]:
    """The stored part of external memory from its first byte on, in pieces."""
    known = design.known
    context = MemoryContext(
        quantization=known.quantized.plan,
        tiling=known.tiling,
        assignments=design.assignments,
        beat_bits=design.board.beat_bits,
    )
    return image(known.memory, context, layer_table().memory, known.quantized)
