# SPDX-License-Identifier: Apache-2.0
"""Hugging Face directories: what loads, and one clear sentence for each fault."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from streamhw.errors import UserError
from streamhw.frontend import Origin, load
from streamhw.frontend.tokenizers import directory_tokenizer
from streamhw.frontend.zoo import CHECKPOINTS, GENERAL_TEXT

SHIPPED = CHECKPOINTS["gpt2-shakespeare"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the shipped checkpoint that a test may damage."""
    target = tmp_path / "model"
    shutil.copytree(SHIPPED, target)
    return target


def refused(path: Path, message: str, weights: Path | None = None) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        load(path, weights)


def change_config(path: Path, **values: object) -> str:
    file = path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    return str(file)


def change_tensors(path: Path, **values: np.ndarray | None) -> None:
    tensors = load_file(path / "model.safetensors") | values
    save_file({k: v for k, v in tensors.items() if v is not None}, path / "model.safetensors")


def test_a_directory_loads_as_the_named_model_does(directory: Path) -> None:
    loaded, named = load(directory), load("gpt2-shakespeare")
    assert loaded.graph.nodes == named.graph.nodes
    assert loaded.origin is Origin.CHECKPOINT
    assert loaded.tokenizer == directory_tokenizer(directory)
    assert loaded.calibration == named.calibration and loaded.heldout is not None
    assert list(loaded.weights) == [p.name for p in loaded.graph.parameters()]
    for parameter in loaded.graph.parameters():
        tensor = loaded.weights[parameter.name]
        assert tensor.shape == parameter.shape and tensor.dtype == np.float32
        assert (tensor == named.weights[parameter.name]).all()


def test_shards_and_names_without_prefix(directory: Path) -> None:
    tensors = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").unlink()
    names = sorted(tensors)
    shards = {"a.safetensors": names[:20], "b.safetensors": names[20:]}
    index = {}
    for shard, held in shards.items():
        save_file({n.removeprefix("transformer."): tensors[n] for n in held}, directory / shard)
        index |= {n.removeprefix("transformer."): shard for n in held}
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    weights = load(directory).weights
    assert (weights["wte.weight"] == tensors["transformer.wte.weight"]).all()
    (directory / "b.safetensors").unlink()
    refused(directory, f"{directory / 'b.safetensors'}: the weights file is missing")


def test_half_precision_is_widened(directory: Path) -> None:
    tensors = load_file(directory / "model.safetensors")
    half = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    save_file(half, directory / "model.safetensors")
    assert load(directory).weights["ln_f.weight"].dtype == np.float32


def test_calibration_text_of_other_checkpoints(directory: Path) -> None:
    shipped = load("gpt2-shakespeare").calibration
    (directory / "calibration.txt").write_text("Own text.")
    assert load(directory).calibration == "Own text."
    (directory / "calibration.txt").unlink()
    (directory / "heldout.txt").unlink()
    loaded = load(directory)
    assert loaded.calibration == GENERAL_TEXT.read_text(encoding="utf-8") != shipped
    assert loaded.general_calibration and loaded.heldout is None
    (directory / "merges.txt").unlink()
    loaded = load(directory)
    assert loaded.tokenizer is None and loaded.calibration is None


def test_missing_files(directory: Path) -> None:
    (directory / "model.safetensors").unlink()
    refused(directory, f"{directory / 'model.safetensors'}: the weights file is missing")
    (directory / "config.json").unlink()
    refused(directory, f"{directory / 'config.json'}: the configuration file is missing")


@pytest.mark.parametrize("kept", [0, 7, 1000, 100_000])
def test_truncated_weights(directory: Path, kept: int) -> None:
    file = directory / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(UserError, match=f"^{file}: the file must be a complete safetensors file "):
        load(directory)


def test_config_that_is_no_json(directory: Path) -> None:
    (directory / "config.json").write_text("{")
    with pytest.raises(UserError, match=r"config\.json: the file must be JSON \("):
        load(directory)
    (directory / "config.json").write_text("[]")
    refused(directory, f"{directory / 'config.json'}: the file must hold a JSON object")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"model_type": "bert"},
            "architecture must be one of gpt2, llama, mistral, qwen2, qwen3, gemma, gemma2, "
            "gemma3_text, gemma3, not bert",
        ),
        (
            {"activation_function": "tanh"},
            "activation_function must be one of gelu, gelu_accurate, gelu_erf, gelu_fast, "
            "gelu_new, gelu_python, gelu_python_tanh, gelu_pytorch_tanh, gelu_tanh, relu, silu, "
            'swish, not "tanh"',
        ),
        ({"n_head": 5}, "n_embd must be a multiple of n_head (5), not 128"),
        ({"n_layer": 0}, "n_layer must be an integer of 1 to 10000, not 0"),
        ({"n_layer": True}, "n_layer must be an integer of 1 to 10000, not true"),
        ({"n_embd": None}, "n_embd must be an integer of at least 1, not null"),
        ({"n_inner": 0}, "n_inner must be an integer of at least 1, not 0"),
        ({"add_cross_attention": True}, "add_cross_attention must be false, not true"),
        ({"scale_attn_weights": 1}, "scale_attn_weights must be true or false, not 1"),
        ({"tie_word_embeddings": None}, "tie_word_embeddings must be true or false, not null"),
        ({"layer_norm_epsilon": None}, "layer_norm_epsilon must be a number above 0, not null"),
        (
            {"quantization_config": {"quant_method": "gptq"}},
            "quantization_config: bits must be an integer of at least 1, not missing",
        ),
    ],
)
def test_config_faults(directory: Path, values: dict[str, object], message: str) -> None:
    file = change_config(directory, **values)
    refused(directory, f"{file}: {message}")


def test_wrong_shape(directory: Path) -> None:
    change_config(directory, n_positions=64)
    refused(directory, f"{directory}: tensor wpe.weight must have shape [64, 128], not [128, 128]")


def test_missing_tensor(directory: Path) -> None:
    change_tensors(directory, **{"transformer.h.2.ln_1.bias": None})
    refused(directory, f"{directory}: tensor h.2.ln_1.bias is missing")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(directory: Path, value: float) -> None:
    bias = np.zeros(128, dtype=np.float32)
    bias[7] = value
    change_tensors(directory, **{"transformer.ln_f.bias": bias})
    refused(directory, f"{directory}: tensor ln_f.bias must be finite, not infinite or NaN")


def test_wrong_type(directory: Path) -> None:
    change_tensors(directory, **{"transformer.ln_f.bias": np.zeros(128, dtype=np.int32)})
    refused(directory, f"{directory}: tensor ln_f.bias must have type F64, F32, F16, BF16, not I32")


def test_separate_head(directory: Path) -> None:
    change_config(directory, tie_word_embeddings=False)
    refused(directory, f"{directory}: tensor lm_head.weight is missing")
    change_tensors(directory, **{"lm_head.weight": np.ones((512, 128), dtype=np.float32)})
    assert (load(directory).weights["lm_head.weight"] == 1).all()
