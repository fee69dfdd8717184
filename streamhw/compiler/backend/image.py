# SPDX-License-Identifier: Apache-2.0
"""The memory image of a placed netlist and the parameters of its model."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...quantization.quantized_model import QuantizedModel
from ..ir.levels import Netlist
from ..layers.table import layer_table
from ..memory.layout import image
from ..memory_access import memory_context

__all__ = ["design_image"]


def design_image(design: Netlist, quantized: QuantizedModel) -> Iterator[NDArray[np.uint8]]:
    """The stored part of external memory from its first byte on, in pieces."""
    return image(design.memory, memory_context(design), layer_table().memory, quantized)
