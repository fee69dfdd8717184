# SPDX-License-Identifier: Apache-2.0
"""The memory image: as long as the map says, and the same each time."""

import numpy as np

from streamhw.compiler.backend.image import design_image
from streamhw.compiler.ir.levels import PlacedNetlist


def test_pieces_fill_what_is_stored(design: PlacedNetlist, parameters) -> None:
    quantized = parameters(design)
    whole = np.concatenate([piece.reshape(-1) for piece in design_image(design, quantized)])
    again = np.concatenate([piece.reshape(-1) for piece in design_image(design, quantized)])
    assert whole.dtype == np.uint8 and (whole == again).all()
    assert len(whole) == design.memory.stored
    assert len(whole) % (design.board.beat_bits // 8) == 0
