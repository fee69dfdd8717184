# SPDX-License-Identifier: Apache-2.0
"""Rotary angles of Llama 3: a GGUF file has a factor for each frequency, not what it came from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .reader import GgufFile

__all__ = ["FACTORS", "llama3_factors", "llama3_scaling"]

FACTORS = "rope_freqs.weight"
"""The tensor with the factors."""

_LOW, _HIGH, _TRAINED = 1.0, 4.0, 8192
"""The same in all of Llama 3.1 to 3.3."""
_CLOSE = 1e-3
_F32 = 0


def llama3_factors(factor: float, base: float, count: int) -> NDArray[np.float64]:
    """What each of ``count`` wavelengths is multiplied by."""
    wavelengths = 2 * np.pi * base ** (np.arange(count) / count)
    smooth = (_TRAINED / wavelengths - _LOW) / (_HIGH - _LOW)
    return 1 / ((1 - np.clip(smooth, 0, 1)) / factor + np.clip(smooth, 0, 1))


def llama3_scaling(file: GgufFile, base: float) -> dict[str, Any]:
    """``rope_scaling`` of a config.json; raises ``UserError`` if the factors are not Llama 3's."""
    place = file.tensors[FACTORS]
    values = file.data[place.begin : place.begin + place.size]
    if place.type == _F32 and len(place.shape) == 1:
        found = values.view(np.float32).astype(np.float64)
        factor = float(found.max())
        if factor >= 1 and np.allclose(found, llama3_factors(factor, base, found.size), _CLOSE):
            return {
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": _LOW,
                "high_freq_factor": _HIGH,
                "original_max_position_embeddings": _TRAINED,
            }
    raise UserError(f"{file.path}: tensor {FACTORS} must have the factors of Llama 3, not others")
