# SPDX-License-Identifier: Apache-2.0
"""The factors of Llama 3's rotary angles become what config.json says of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend.gguf.reader import GgufFile, TensorPlace
from streamhw.frontend.gguf.rotary_factors import FACTORS, llama3_factors, llama3_scaling


def stored(factors: np.ndarray) -> GgufFile:
    data = factors.astype(np.float32).view(np.uint8)
    place = TensorPlace(shape=factors.shape, type=0, begin=0, size=data.size)
    return GgufFile(path=Path("m"), data=data, metadata={}, tensors={FACTORS: place})


def published(factor: float, base: float, width: int) -> np.ndarray:
    """As transformers computes what it divides by, frequency by frequency."""
    found = []
    for index in range(width // 2):
        wavelength = 2 * np.pi * base ** (2 * index / width)
        if wavelength < 8192 / 4:
            found.append(1.0)
        elif wavelength > 8192 / 1:
            found.append(factor)
        else:
            smooth = (8192 / wavelength - 1) / (4 - 1)
            found.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(found)


@pytest.mark.parametrize(("factor", "width"), [(32.0, 64), (8.0, 128)])
def test_llama_3(factor: float, width: int) -> None:
    wanted = published(factor, 5e5, width)
    assert np.allclose(llama3_factors(factor, 5e5, width // 2), wanted)
    assert llama3_scaling(stored(wanted), 5e5) == {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }


def test_other_factors_are_refused() -> None:
    for factors in (published(32.0, 1e4, 64), np.zeros(32), np.full(32, np.nan)):
        with pytest.raises(UserError, match=r"rope_freqs\.weight must have the factors of Llama 3"):
            llama3_scaling(stored(factors), 5e5)
    file = stored(published(32.0, 5e5, 64))
    half = replace(file, tensors={FACTORS: replace(file.tensors[FACTORS], type=1)})
    with pytest.raises(UserError, match="Llama 3"):
        llama3_scaling(half, 5e5)
