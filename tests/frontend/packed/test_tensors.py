# SPDX-License-Identifier: Apache-2.0
"""Packed matrices have the values that their quantizer meant; faults get one sentence."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.packed.words import AWQ_ORDER, packed, unpacked
from tests.frontend.packed.checkpoints import MATRICES, codes_of, write_packed

WAYS = [
    ("gptq", 4, 32),
    ("gptq", 8, 32),
    ("gptq", 4, None),
    ("awq", 4, 32),
    ("auto-round", 4, 64),
    ("pack-quantized", 4, 32),
    ("pack-quantized", 8, 64),
    ("int-quantized", 8, None),
]


@pytest.mark.parametrize(("method", "bits", "group"), WAYS)
def test_values_are_codes_times_scales(
    method: str, bits: int, group: int | None, tmp_path: Path
) -> None:
    model = load(write_packed(tmp_path / "model", method, bits=bits, group=group))
    for name, (_, inputs) in MATRICES.items():
        codes, scales = codes_of(name, bits=bits, group=group)
        wide = np.repeat(scales.astype(np.float32), inputs // scales.shape[1], axis=1)
        assert np.array_equal(model.weights[f"{name}.weight"], codes * wide), name


def test_order_of_activations(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(64)
    model = load(
        write_packed(tmp_path / "model", "gptq", order=np.concatenate([order, order + 64]))
    )
    name = "model.layers.1.mlp.up_proj"
    codes, scales = codes_of(name, bits=4, group=32)
    wanted = codes * scales.astype(np.float32)[:, (np.arange(64) // 32)[order[:64]]]
    assert np.array_equal(model.weights[f"{name}.weight"], wanted)


def test_the_second_version_stores_zero_points_as_they_are(tmp_path: Path) -> None:
    said = {"checkpoint_format": "gptq_v2", "zero": 9}
    model = load(write_packed(tmp_path / "model", "gptq", **said))
    name = "model.layers.0.self_attn.k_proj"
    codes, scales = codes_of(name, bits=4, group=32)
    # What is written is one less than 9, which this version takes as 8.
    signed = np.clip(codes + 9, 0, 15) - 8
    wide = np.repeat(scales.astype(np.float32), 32, axis=1)
    assert np.array_equal(model.weights[f"{name}.weight"], signed * wide)


@pytest.mark.parametrize("order", [None, AWQ_ORDER])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_words_pack_and_unpack(bits: int, order: tuple[int, ...] | None) -> None:
    if order is not None and bits != 4:
        return
    codes = np.random.default_rng(0).integers(0, 1 << bits, (16, 32))
    for axis in (0, 1):
        words = packed(codes, bits, axis, order)
        assert words.dtype == np.int32 and words.shape[axis] == codes.shape[axis] * bits // 32
        assert np.array_equal(unpacked(words, bits, axis, order), codes)


def test_the_order_of_awq() -> None:
    # Column 0 is in the lowest four bits, column 2 in the next.
    (word,) = packed(np.arange(8)[None], 4, 1, AWQ_ORDER).view(np.uint32).reshape(-1)
    assert [(int(word) >> (4 * i)) & 15 for i in range(8)] == [0, 2, 4, 6, 1, 3, 5, 7]


NAME = "model.layers.1.mlp.down_proj"


@pytest.mark.parametrize(
    ("method", "end", "new", "message"),
    [
        ("gptq", "scales", None, "tensor {}.scales is missing"),
        ("gptq", "qzeros", None, "tensor {}.qzeros is missing"),
        ("awq", "qweight", None, "tensor {}.qweight is missing"),
        ("gptq", "scales", (3, 64), "tensor {}.qzeros must have shape [3, 8], not [4, 8]"),
        ("gptq", "qzeros", (4, 7), "tensor {}.qzeros must have shape [4, 8], not [4, 7]"),
        ("gptq", "g_idx", (5,), "tensor {}.g_idx must have shape [128], not [5]"),
        ("awq", "qweight", (7,), "tensor {}.qweight must have 2 dimensions of 1 or more, not [7]"),
        ("pack-quantized", "weight_shape", None, "tensor {}.weight_shape is missing"),
        ("pack-quantized", "weight_scale", None, "tensor {}.weight_scale is missing"),
        (
            "pack-quantized",
            "weight_packed",
            (64, 9),
            "tensor {}.weight_packed must have shape [64, 16], not [64, 9]",
        ),
    ],
)
def test_faults_get_one_sentence(
    method: str, end: str, new: tuple[int, ...] | None, message: str, tmp_path: Path
) -> None:
    folder = write_packed(tmp_path / "model", method)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    old = tensors.pop(f"{NAME}.{end}")
    if new is not None:
        tensors[f"{NAME}.{end}"] = np.zeros(new, dtype=old.dtype)
    save_file(tensors, file)
    with pytest.raises(UserError, match=f"^{re.escape(f'{folder}: {message.format(NAME)}')}$"):
        load(folder)


def test_groups_beyond_the_scales_are_refused(tmp_path: Path) -> None:
    folder = write_packed(tmp_path / "model", "gptq")
    tensors = load_file(folder / "model.safetensors")
    tensors[f"{NAME}.g_idx"][3] = 99
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"g_idx must have groups up to 3, not 0 to 99$"):
        load(folder)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"quant_method": "bitsandbytes"}, "quant_method must be one of gptq, awq, compressed-"),
        ({"quant_method": "gptq", "bits": 3}, "bits must be 2, 4 or 8, not 3"),
        ({"quant_method": "awq", "bits": 8}, "bits must be 4 for AWQ, not 8"),
        (
            {"quant_method": "awq", "bits": 4, "version": "gemv"},
            'version must be "gemm", not "gemv',
        ),
        (
            {"quant_method": "compressed-tensors", "format": "float-quantized"},
            "format must be one of pack-quantized, int-quantized, naive-quantized",
        ),
        (
            {"quant_method": "compressed-tensors", "format": "pack-quantized"},
            "config_groups must be weights of one number of bits, not missing",
        ),
    ],
)
def test_methods_that_are_not_known(said: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = write_packed(tmp_path / "model", "gptq")
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"quantization_config": said}))
    with pytest.raises(UserError, match=re.escape(f"quantization_config: {message}")):
        load(folder)
