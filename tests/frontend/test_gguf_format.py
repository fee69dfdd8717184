# SPDX-License-Identifier: Apache-2.0
"""GGUF files give the graph and the weights that Hugging Face's files of the same model give."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf.constants import GGMLQuantizationType as Kind
from gguf.quants import dequantize, quantize

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from tests.frontend.gguf.files import write_gguf, write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder

WIDE = replace(TINY_LLAMA, features=64, hidden=64, head_dim=16, vocabulary=64)


@pytest.mark.parametrize("tied", [False, True])
def test_a_llama_is_the_same_model(tmp_path: Path, tied: bool) -> None:
    wanted = tiny_decoder(replace(TINY_LLAMA, tied=tied))
    found = load(write_llama(tmp_path / "tiny_decoder.gguf", wanted))
    assert found.config == wanted.config
    assert replace(found.graph, name=wanted.graph.name) == wanted.graph
    assert list(found.weights) == [p.name for p in wanted.graph.parameters()]
    for name in found.weights:
        assert np.array_equal(found.weights[name], wanted.weights[name]), name


def test_a_head_that_is_the_table_is_tied(tmp_path: Path) -> None:
    wanted = tiny_decoder(TINY_LLAMA)
    same = {**wanted.weights, "lm_head.weight": wanted.weights["model.embed_tokens.weight"]}
    found = load(write_llama(tmp_path / "m.gguf", replace(wanted, weights=same)))
    assert "lm_head.weight" not in found.weights and found.config == replace(TINY_LLAMA, tied=True)


@pytest.mark.parametrize(
    "kind", [Kind.F16, Kind.BF16, Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0]
)
def test_quantized_tensors_are_made_floats(tmp_path: Path, kind: Kind) -> None:
    wanted = tiny_decoder(WIDE)
    found = load(write_llama(tmp_path / "m.gguf", wanted, type=kind))
    name = "model.layers.1.mlp.down_proj.weight"
    if kind is Kind.F16:
        assert np.array_equal(found.weights[name], wanted.weights[name].astype(np.float16))
    else:
        expected = dequantize(quantize(wanted.weights[name], kind), kind)
        assert np.array_equal(found.weights[name], expected)
    for name in found.weights:
        error = np.abs(found.weights[name] - wanted.weights[name]).max()
        assert error <= 0.2 * np.abs(wanted.weights[name]).max(), name


def test_a_gpt2_is_the_same_model(tmp_path: Path) -> None:
    config = Gpt2Config(layers=2, features=32, heads=2, vocabulary=60, context=16, hidden=64)
    graph = gpt2_graph("m", config)
    random = np.random.default_rng(0)
    weights = {
        p.name: random.standard_normal(p.shape).astype(np.float32) for p in graph.parameters()
    }
    names = {
        "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "ln_1": "attn_norm",
        "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    }  # fmt: skip
    tensors = {}
    for name, data in weights.items():
        stem, _, end = name.rpartition(".")
        if stem.startswith("h."):
            _, number, part = stem.split(".", 2)
            matrix = data.ndim == 2
            tensors[f"blk.{number}.{names[part]}.{end}"] = data.T.copy() if matrix else data
        else:
            tensors[f"{names[stem]}.{end}"] = data
    sizes = {
        "block_count": 2, "embedding_length": 32, "feed_forward_length": 64, "context_length": 16,
        "attention.head_count": 2, "attention.layer_norm_epsilon": 1e-5,
    }  # fmt: skip
    found = load(write_gguf(tmp_path / "m.gguf", "gpt2", sizes, tensors))
    assert found.config == config
    assert all(np.array_equal(found.weights[name], weights[name]) for name in weights)


def test_special_tokens_and_tokenizers(tmp_path: Path) -> None:
    wanted = tiny_decoder(replace(TINY_LLAMA, vocabulary=266))
    template = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"
    pieces = load(
        write_llama(
            tmp_path / "a.gguf", wanted, tokenizer="llama", tokenizer__chat_template=template
        )
    )
    assert pieces.end_tokens == (2,) and pieces.begin_token == 1
    assert pieces.tokenizer is not None and pieces.tokenizer.beginning == (1,)
    assert pieces.tokenizer.encode("ab a") == [264, 262]
    assert pieces.tokenizer.decode([264, 262, 2]) == "ab a</s>"
    assert pieces.tokenizer.chat_template is not None
    said = pieces.tokenizer.chat_template.render([{"role": "user", "content": "a"}])
    assert said == "<s>a</s>" and pieces.tokenizer.encode(said) == [1, 262, 2]
    pairs = load(write_llama(tmp_path / "b.gguf", wanted, tokenizer="gpt2"))
    assert pairs.end_tokens == (257,) and pairs.tokenizer is not None
    assert pairs.tokenizer.encode("ab<|end|><think>") == [256, 257, 258]
    assert pairs.tokenizer.is_control(257) and not pairs.tokenizer.is_control(258)
    assert pairs.tokenizer.decode(pairs.tokenizer.encode("é 12\n")) == "é 12\n"
    none = load(write_llama(tmp_path / "c.gguf", wanted))
    assert none.tokenizer is None and none.end_tokens == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokenizer__ggml__model": "bert"}, "metadata tokenizer.ggml.tokens must be there"),
        ({"tokenizer": "gpt2", "llama__rope__scaling__type": "yarn"}, "rope"),
        (
            {"tokenizer": "gpt2", "tokenizer__ggml__bos_token_id": "x"},
            "must be an integer, not 'x'",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load(write_llama(tmp_path / "m.gguf", tiny_decoder(), **changes))


def test_other_architectures_are_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", "mamba", {}, {"a": np.zeros((2, 2), np.float32)})
    with pytest.raises(UserError, match=r"architecture must be one of llama, .* not 'mamba'"):
        load(path)


def test_tensors_that_no_part_has_are_refused(tmp_path: Path) -> None:
    model = tiny_decoder()
    path = write_gguf(tmp_path / "m.gguf", "llama", {}, {"blk.0.ssm_a": np.zeros(2, np.float32)})
    with pytest.raises(UserError, match=r"metadata llama\.block_count must be there"):
        load(path)
    assert model.config == TINY_LLAMA
