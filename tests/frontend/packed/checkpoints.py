# SPDX-License-Identifier: Apache-2.0
"""Tiny Llamas as quantizers save them: known codes and scales, packed in each way."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from streamhw.frontend.packed.words import AWQ_ORDER, packed

__all__ = ["CONFIG", "MATRICES", "codes_of", "write_packed"]

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
}
_SHAPES = {
    "self_attn.q_proj": (64, 64),
    "self_attn.k_proj": (32, 64),
    "self_attn.v_proj": (32, 64),
    "self_attn.o_proj": (64, 64),
    "mlp.gate_proj": (128, 64),
    "mlp.up_proj": (128, 64),
    "mlp.down_proj": (64, 128),
}
MATRICES = {
    f"model.layers.{layer}.{name}": shape for layer in range(2) for name, shape in _SHAPES.items()
}


def codes_of(name: str, *, bits: int, group: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Signed codes [outputs, inputs] and scales [outputs, groups] of a matrix."""
    outputs, inputs = MATRICES[name]
    random = np.random.default_rng([*name.encode()])
    most = (1 << (bits - 1)) - 1
    codes = random.integers(-most, most + 1, (outputs, inputs)).astype(np.int16)
    scales = random.uniform(0.5, 1.0, (outputs, inputs // (group or inputs)))
    return codes, (scales * 0.3 / most).astype(np.float16)


def write_packed(
    folder: Path, method: str, *, bits: int = 4, group: int | None = 32, **more: Any
) -> Path:
    """A directory; more: ``zero`` of all codes, ``order`` of columns (GPTQ's act-order), other
    values of ``quantization_config``."""
    folder.mkdir(exist_ok=True)
    zero, order = more.pop("zero", 1 << (bits - 1)), more.pop("order", None)
    random = np.random.default_rng(0)
    tensors: dict[str, np.ndarray] = {
        "model.embed_tokens.weight": random.standard_normal((64, 64)),
        "lm_head.weight": random.standard_normal((64, 64)) / 8,
        "model.norm.weight": np.ones(64),
    }
    for layer in range(2):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{norm}.weight"] = np.ones(64)
    tensors = {name: values.astype(np.float16) for name, values in tensors.items()}
    for name in MATRICES:
        signed, scales = codes_of(name, bits=bits, group=group)
        tensors.update(_parts(name, method, bits, signed, scales, zero, order))
    save_file(
        {n: np.ascontiguousarray(t) for n, t in tensors.items()}, folder / "model.safetensors"
    )
    said = _said(method, bits, group) | more
    (folder / "config.json").write_text(json.dumps(CONFIG | {"quantization_config": said}))
    return folder


def _said(method: str, bits: int, group: int | None) -> dict[str, Any]:
    if method in ("pack-quantized", "int-quantized"):
        strategy = "channel" if group is None else "group"
        weights = {"num_bits": bits, "type": "int", "strategy": strategy, "group_size": group}
        groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
        return {"quant_method": "compressed-tensors", "format": method, "config_groups": groups}
    said: dict[str, Any] = {"quant_method": method, "bits": bits, "group_size": group or -1}
    if method == "auto-round":
        said["packing_format"] = "auto_round:auto_gptq"
    return said


def _parts(
    name: str,
    method: str,
    bits: int,
    signed: np.ndarray,
    scales: np.ndarray,
    zero: int,
    order: np.ndarray | None,
) -> dict[str, np.ndarray]:
    outputs, inputs = signed.shape
    if method == "int-quantized":
        return {f"{name}.weight": signed.astype(np.int8), f"{name}.weight_scale": scales}
    if method == "pack-quantized":
        return {
            f"{name}.weight_packed": packed(signed + (1 << (bits - 1)), bits, 1),
            f"{name}.weight_scale": scales,
            f"{name}.weight_shape": np.array([outputs, inputs]),
        }
    groups = scales.shape[1]
    stored = np.full((groups, outputs), zero)
    unsigned = np.clip(signed + zero, 0, (1 << bits) - 1).T
    if method == "awq":
        return {
            f"{name}.qweight": packed(unsigned, bits, 1, AWQ_ORDER),
            f"{name}.qzeros": packed(stored, bits, 1, AWQ_ORDER),
            f"{name}.scales": scales.T,
        }
    columns = (np.arange(inputs) // (inputs // groups)).astype(np.int32)
    return {
        f"{name}.qweight": packed(unsigned, bits, 0),
        f"{name}.qzeros": packed(stored - 1, bits, 1),
        f"{name}.scales": scales.T,
        f"{name}.g_idx": (columns if order is None else columns[order[order < inputs]]).astype(
            np.int32
        ),
    }
