# SPDX-License-Identifier: Apache-2.0
"""Every type of tensor that the gguf package knows is read, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from streamhw.errors import UserError
from streamhw.frontend.gguf.reader import GgufFile, TensorPlace
from streamhw.frontend.gguf.tensors import GgufTensor, has_own_head
from tests.frontend.gguf.files import adjacent

FLOATS = ("F64", "F32", "F16", "BF16")
QUANTIZED = (
    "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ1_S",
    "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "TQ1_0",
    "TQ2_0", "MXFP4",
)  # fmt: skip


def stored(kind: GGMLQuantizationType, rows: int = 3) -> GgufTensor:
    """Rows of two blocks of random bytes with small scales."""
    block, size = GGML_QUANT_SIZES[kind]
    random = np.random.default_rng(kind.value)
    data = np.frombuffer(random.bytes(rows * 2 * size), dtype=np.uint8) & 0x3B
    place = TensorPlace(shape=(rows, 2 * block), type=kind.value, begin=0, size=data.size)
    file = GgufFile(path=Path("m.gguf"), data=data, metadata={}, tensors={"a": place})
    return GgufTensor(file, place, place.shape, lambda values: values)


@pytest.mark.parametrize("name", (*FLOATS, *QUANTIZED))
def test_types_that_are_read(name: str) -> None:
    kind = GGMLQuantizationType[name]
    tensor = stored(kind)
    values = tensor.read()
    assert values.dtype == np.float32 and values.shape == tensor.shape
    if name in QUANTIZED:
        rows = tensor.file.data.reshape(3, -1)
        assert np.array_equal(values, dequantize(rows, kind), equal_nan=True)


@pytest.mark.parametrize("kind", GGMLQuantizationType)
def test_every_other_type_is_refused(kind: GGMLQuantizationType) -> None:
    try:
        assert stored(kind).read().shape == stored(kind).shape
    except UserError as error:
        assert kind.name not in (*FLOATS, *QUANTIZED)
        assert f"a type that gguf can dequantize, not {kind.name}" in str(error)


def test_a_head_of_its_own() -> None:
    data = np.arange(16, dtype=np.uint8)
    table, same, other = (TensorPlace(shape=(1, 1), type=0, begin=b, size=4) for b in (0, 0, 4))

    def own(**tensors: TensorPlace) -> bool:
        named = {f"{name}.weight": place for name, place in tensors.items()}
        return has_own_head(GgufFile(path=Path("m"), data=data, metadata={}, tensors=named))

    assert not own(token_embd=table) and not own(token_embd=table, output=same)
    assert own(token_embd=table, output=other) and own(output=other)


def test_rows_come_back_from_pairs() -> None:
    from streamhw.frontend.gguf.tensors import _halves

    values = np.arange(48, dtype=np.float32).reshape(12, 4)
    for heads in (1, 2, 3, 6):
        assert np.array_equal(_halves(adjacent(values, heads), heads=heads), values)
