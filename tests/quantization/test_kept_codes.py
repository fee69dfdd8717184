# SPDX-License-Identifier: Apache-2.0
"""Codes of a checkpoint become the hardware's, element by element, where its format has them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf.constants import GGMLQuantizationType
from safetensors.numpy import load_file, save_file

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import Model, load
from streamhw.frontend.packed.matrix import HasCodes
from streamhw.graph import Linear
from streamhw.graph.float_reference import forward
from streamhw.numerics.element_format import element_format
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.fake_quant import fake_forward
from streamhw.quantization.quantized_model import LinearParameters, QuantizedModel
from streamhw.quantization.quantizer import quantize
from tests.frontend.gguf.files import write_llama
from tests.frontend.packed.checkpoints import MATRICES, codes_of, write_packed
from tests.tiny import TINY_LLAMA, tiny_decoder

ALIGNED = replace(TINY_LLAMA, features=64, hidden=96)
"""Sizes in groups of 32."""
TOKENS = np.random.default_rng(3).integers(0, 64, (2, 24))


def quantized(model: Model, bits: int) -> QuantizedModel:
    config = QuantConfig(weight_bits=bits, tokens=64, head_bits=8)
    return quantize(model, layer_table().quantization, config)


def kept(model: Model, found: QuantizedModel, bits: int, group: int | None) -> list[bool]:
    """Whether the codes of each packed matrix are those of the checkpoint."""
    same = []
    for node, loop in model.graph.walk():
        if not isinstance(node.op, Linear) or loop is None:
            continue
        for layer in range(loop.trips):
            name = node.op.weight.replace("{layer}", str(layer)).removesuffix(".weight")
            codes, _ = codes_of(name, bits=bits, group=group)
            weight = found.fed(node.name, layer, LinearParameters).weight
            same.append(np.array_equal(weight, codes))
    assert len(same) == len(MATRICES)
    return same


@pytest.mark.parametrize(
    ("method", "bits", "group"),
    [
        ("gptq", 4, 64),
        ("gptq", 4, None),
        ("awq", 4, 64),
        ("auto-round", 4, 64),
        ("pack-quantized", 4, 64),
        ("gptq", 8, None),
        ("int-quantized", 8, None),
    ],
)
def test_codes_are_kept(method: str, bits: int, group: int | None, tmp_path: Path) -> None:
    model = load(write_packed(tmp_path / "model", method, bits=bits, group=group))
    found = quantized(model, bits)
    assert all(kept(model, found, bits, group))
    # What they stand for is the checkpoint's: nothing but activations and multipliers is rounded.
    exact = forward(model.graph, model.weights, TOKENS, all_rows=True)["logits"]
    fake = fake_forward(model, found, TOKENS, all_rows=True)["logits"]
    assert np.abs(fake - exact).std() < 0.08 * exact.std()


def test_scales_become_multipliers_and_steps(tmp_path: Path) -> None:
    model = load(write_packed(tmp_path / "model", "gptq", bits=4, group=64))
    found = quantized(model, 4)
    parameters = found.fed("mlp_out", 1, LinearParameters)
    _, scales = codes_of("model.layers.1.mlp.down_proj", bits=4, group=64)
    source = np.asarray(found.scales("gated", 1)).reshape(-1, 64)
    assert np.allclose(source, source[:, :1], rtol=1e-2)
    assert parameters.group_multipliers is not None
    real = parameters.group_multipliers * parameters.row_step[:, None]
    assert np.allclose(real, scales * source.mean(axis=1), rtol=0.01)


ORDER = np.random.default_rng(0).permutation(128)


@pytest.mark.parametrize(
    ("method", "bits", "group", "more", "kept_ones", "reason"),
    [
        ("gptq", 4, 32, {}, 0, "groups have 32 columns, not a multiple of 64"),
        ("gptq", 4, 64, {"order": ORDER}, 12, "columns are in the order of their activations"),
        ("gptq", 8, 64, {}, 12, "groups have 64 columns, not a multiple of 128"),
        ("gptq", 4, 64, {}, 14, None),
    ],
)
def test_what_does_not_fit_is_quantized_again(
    method: str,
    bits: int,
    group: int,
    more: dict[str, np.ndarray],
    kept_ones: int,
    reason: str | None,
    tmp_path: Path,
) -> None:
    model = load(write_packed(tmp_path / "model", method, bits=bits, group=group, **more))
    found = quantized(model, bits)
    assert sum(kept(model, found, bits, group)) == kept_ones
    exact = forward(model.graph, model.weights, TOKENS, all_rows=True)["logits"]
    fake = fake_forward(model, found, TOKENS, all_rows=True)["logits"]
    assert np.abs(fake - exact).std() < 0.5 * exact.std()
    said = f"model: {kept_ones} of 14 packed matrices keep their codes"
    said += f" with --quant w{bits}a8" if kept_ones else ""
    said += ", 14 with --quant int4g32m" if group == 32 else ""
    said += "" if reason is None else f"; others are quantized again ({reason})"
    assert model.notes == (said,)


def test_zero_points_that_differ_become_offsets(tmp_path: Path) -> None:
    folder = write_packed(tmp_path / "model", "awq", group=64)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    for name in tensors:
        if name.endswith("k_proj.qzeros"):
            tensors[name][0, 0] ^= 1
    save_file(tensors, file)
    model = load(folder)
    assert model.notes == (
        "model: 12 of 14 packed matrices keep their codes with --quant w4a8, 14 with --quant "
        "int4g32m; others are quantized again (zero points differ)",
    )
    config = QuantConfig(number_format="int4g32m", tokens=64)
    found = quantize(model, layer_table().quantization, config)
    assert all(kept(model, found, 4, 64))
    exact = forward(model.graph, model.weights, TOKENS, all_rows=True)["logits"]
    fake = fake_forward(model, found, TOKENS, all_rows=True)["logits"]
    assert np.abs(fake - exact).std() < 0.08 * exact.std()


@pytest.mark.parametrize("kind", [GGMLQuantizationType.Q4_1, GGMLQuantizationType.Q4_0])
def test_codes_of_gguf_with_minima_are_kept(kind: GGMLQuantizationType, tmp_path: Path) -> None:
    file = write_llama(tmp_path / "m.gguf", tiny_decoder(ALIGNED), type=kind)
    model = load(file)
    assert isinstance(model.weights, HasCodes)
    config = QuantConfig(number_format="int4g32m", tokens=64)
    found = quantize(model, layer_table().quantization, config)
    weights, count = element_format("int4g32m"), 0
    for node, loop in model.graph.walk():
        if not isinstance(node.op, Linear):
            continue
        for layer in range(1 if loop is None else loop.trips):
            stored = model.weights.stored_codes(node.op.weight.replace("{layer}", str(layer)))
            assert stored is not None
            codes, offsets = stored.fitted(weights)
            kept = found.fed(node.name, None if loop is None else layer, LinearParameters)
            np.testing.assert_array_equal(kept.weight, codes)
            source = np.asarray(found.scales(node.inputs[0], None if loop is None else layer))
            shared = source.reshape(-1, 32)
            np.testing.assert_allclose(shared, shared[:, :1].repeat(32, axis=1), rtol=1e-2)
            real, row = shared.mean(axis=1), kept.row_step[:, None]
            assert kept.group_multipliers is not None and kept.group_offsets is not None
            assert offsets is not None
            scale_error = np.abs(kept.group_multipliers * row - stored.scales * real)
            assert (scale_error <= 0.5001 * row).all()
            offset_error = np.abs(kept.group_offsets * 16.0 * row - offsets * real)
            assert (offset_error <= 8.001 * row).all()
            count += 1
    assert count == 7 * 2 + 1
    tokens = TOKENS % model.graph.vocabulary
    exact = forward(model.graph, model.weights, tokens, all_rows=True)["logits"]
    fake = fake_forward(model, found, tokens, all_rows=True)["logits"]
    assert np.abs(fake - exact).std() < 0.08 * exact.std()
