# SPDX-License-Identifier: Apache-2.0
"""Model directories as people have them: each kind is read as the model that it is, or refused in
one sentence before anything else happens."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from streamhw.__main__ import main
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.zoo import CHECKPOINTS
from streamhw.graph.float_reference import forward
from tests.tiny import write_tiny

SHIPPED = CHECKPOINTS["gpt2-shakespeare"]
TOKENS = np.array([5, 9, 33, 2, 17])
Tensors = dict[str, np.ndarray]
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole directory: tied head, tokenizer of the shipped checkpoint."""
    return plain(tmp_path / "model")


def plain(folder: Path) -> Path:
    write_tiny(folder, vocabulary=512, tied=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(SHIPPED / name, folder)
    return folder


def logits(folder: Path) -> np.ndarray:
    model = load(folder)
    return np.asarray(forward(model.graph, model.weights, TOKENS)["logits"])


def retensor(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS)


def reconfigure(folder: Path, **changes: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def renamed(prefix: str, drop: str = "") -> Callable[[Path], None]:
    return lambda folder: retensor(
        folder, lambda t: {prefix + name.removeprefix(drop): x for name, x in t.items()}
    )


def as_linear(folder: Path) -> None:
    """nanoGPT: nn.Linear stores [outputs, inputs]."""
    inner = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
    retensor(folder, lambda t: {n: x.T.copy() if n.endswith(inner) else x for n, x in t.items()})


def with_the_head_again(folder: Path) -> None:
    retensor(folder, lambda t: t | {"lm_head.weight": t["transformer.wte.weight"]})


def with_masks(folder: Path) -> None:
    mask = np.tril(np.ones((1, 1, 32, 32), dtype=bool))
    masks = {"transformer.h.0.attn.bias": mask, "transformer.h.1.attn.masked_bias": np.ones(1)}
    retensor(folder, lambda t: t | masks)


def in_shards(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(tensors)
    held = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for file, part in held.items():
        save_file({name: tensors[name] for name in part}, folder / file)
    shards = {name: file for file, part in held.items() for name in part}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": shards}))


def with_a_stale_index(folder: Path) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))


def with_a_byte_order_mark(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(file.read_text(), encoding="utf-8-sig")


def in_double(folder: Path) -> None:
    retensor(folder, lambda t: {name: x.astype(np.float64) for name, x in t.items()})


def with_other_names_of_sizes(folder: Path) -> None:
    file = folder / "config.json"
    text = file.read_text()
    for ours, theirs in (("n_embd", "hidden_size"), ("n_layer", "num_hidden_layers")):
        text = text.replace(ours, theirs)
    file.write_text(text)


@pytest.mark.parametrize(
    "change",
    [
        renamed("", "transformer."),
        renamed("module."),
        renamed("_orig_mod."),
        renamed("module._orig_mod."),
        renamed("transformer._fsdp_wrapped_module.", "transformer."),
        as_linear,
        with_the_head_again,
        with_masks,
        in_shards,
        with_a_stale_index,
        with_a_byte_order_mark,
        in_double,
        with_other_names_of_sizes,
    ],
)
def test_the_same_model_in_other_clothes(folder: Path, change: Callable[[Path], None]) -> None:
    expected = logits(folder)
    change(folder)
    # Products of transposed matrices add in another order.
    np.testing.assert_allclose(logits(folder), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "error"), [(np.float16, 5e-3), (ml_dtypes.bfloat16, 5e-2)], ids=["half", "bfloat"]
)
def test_short_floats(folder: Path, kind: type, error: float) -> None:
    expected = logits(folder)
    retensor(folder, lambda t: {name: x.astype(kind) for name, x in t.items()})
    found = logits(folder)
    assert 0 < np.abs(found - expected).max() < error * np.abs(expected).max()


def test_biases_that_are_left_out_are_zero(folder: Path) -> None:
    def zeros(tensors: Tensors) -> Tensors:
        return {n: np.zeros_like(x) if n.endswith(".bias") else x for n, x in tensors.items()}

    retensor(folder, zeros)
    expected = logits(folder)
    retensor(folder, lambda t: {n: x for n, x in t.items() if not n.endswith(".bias")})
    np.testing.assert_array_equal(logits(folder), expected)


@pytest.mark.parametrize("switch", ["scale_attn_weights", "scale_attn_by_inverse_layer_idx"])
def test_other_scales_of_scores_change_the_queries_only(folder: Path, switch: str) -> None:
    before = load(folder).weights
    reconfigure(folder, **{switch: switch != "scale_attn_weights"})
    after = load(folder).weights
    for name in before:
        changed = before[name] != after[name]
        if "c_attn" not in name:
            assert not changed.any()
            continue
        assert not changed[..., 32:].any()
        factor = 16**0.5 if switch == "scale_attn_weights" else 1 / (int(name[2]) + 1)
        np.testing.assert_allclose(after[name][..., :32], before[name][..., :32] * factor, 1e-6)


def set_tensor(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda folder: retensor(folder, lambda t: t | {name: change(t[name])})


def put(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        values.flat[3] = value
        return values

    return change


FC = "transformer.h.1.mlp.c_fc.weight"


def replaced(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def then(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for each in changes:
            each(folder)

    return change


def with_index(weight_map: object) -> Callable[[Path], None]:
    text = json.dumps({"weight_map": weight_map})
    return then(in_shards, lambda folder: (folder / INDEX).write_text(text) and None)


def configured(**changes: object) -> Callable[[Path], None]:
    return lambda folder: reconfigure(folder, **changes)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another head": (
        lambda f: retensor(f, lambda t: t | {"lm_head.weight": -t["transformer.wte.weight"]}),
        "tensor lm_head.weight must equal wte.weight, since tie_word_embeddings is true",
    ),
    "no head of its own": (configured(tie_word_embeddings=False), "tensor lm_head.weight is miss"),
    "fewer layers": (configured(n_layer=1), "tensor h.1.* must be one of the model that config"),
    "more layers": (configured(n_layer=3), "tensor h.2.ln_1.weight is missing"),
    "a shorter context": (configured(n_positions=16), "tensor wpe.weight must have shape"),
    "a longer context": (configured(n_positions=64), "tensor wpe.weight must have shape"),
    "some biases": (
        lambda f: retensor(f, lambda t: {n: x for n, x in t.items() if n != FC[:-6] + "bias"}),
        "tensor h.1.mlp.c_fc.bias is missing",
    ),
    "an adapter": (
        lambda f: retensor(f, lambda t: t | {"transformer.h.0.lora_A": np.ones(2, np.float32)}),
        "tensor h.0.lora_A must be one of the model that config.json describes",
    ),
    "integers": (set_tensor(FC, lambda x: x.astype(np.int8)), "tensor h.1.mlp.c_fc.* not I8"),
    "a NaN": (set_tensor(FC, put(np.nan)), "tensor h.1.mlp.c_fc.weight must be finite"),
    "an infinity": (set_tensor(FC, put(-np.inf)), "tensor h.1.mlp.c_fc.weight must be finite"),
    "a huge value": (set_tensor(FC, put(-1e30)), r"h.1.mlp.c_fc.weight must have values up to"),
    "beyond float32": (
        set_tensor(FC, lambda x: put(1e200)(x.astype(np.float64))), "must have values up to 1e.19",
    ),
    "a pointer": (replaced(WEIGHTS, POINTER), "must hold tensors, not a Git LFS pointer"),
    "a pointer for config.json": (replaced("config.json", POINTER), "the file must be JSON"),
    "no weights": (without(WEIGHTS), "model.safetensors: the weights file is missing"),
    "an empty file": (replaced(WEIGHTS, b""), "must be a complete safetensors file"),
    "a folder": (
        then(without(WEIGHTS), lambda f: (f / WEIGHTS).mkdir()),
        "model.safetensors: the weights must be a file, not a folder",
    ),
    "a pipe": (
        then(without(WEIGHTS), lambda f: os.mkfifo(f / WEIGHTS)),
        "model.safetensors: the weights must be a file, not a folder or a device",
    ),
    "a pipe for config.json": (
        then(without("config.json"), lambda f: os.mkfifo(f / "config.json")),
        "the file must be JSON .it is a folder or a device.",
    ),
    "a pickle": (
        then(without(WEIGHTS), replaced("pytorch_model.bin", b"PK")),
        "the weights must be in model.safetensors, not in the pickle pytorch_model.bin",
    ),
    "a list as index": (with_index(["a"]), "weight_map must be an object of tensors and their"),
    "an empty index": (with_index({}), "weight_map must be an object of tensors and their files"),
    "an index of numbers": (with_index({"a": 3}), "file of tensor a must be a name in the dir"),
    "an index that leads away": (
        with_index({"a": "../other.safetensors"}), "file of tensor a must be a name in the dir",
    ),
    "an index of lost files": (
        with_index({"a": "three.safetensors"}), "three.safetensors: the weights file is missing",
    ),
    "an index of other names": (
        with_index({"a": "one.safetensors"}), "one.safetensors: tensor a is missing",
    ),
    "a lost shard": (
        then(in_shards, without("two.safetensors")), "two.safetensors: the weights file is",
    ),
    "no architecture": (
        configured(model_type=None), "model_type must be the name of an architecture, not null",
    ),
    "another architecture": (configured(model_type="gpt_neo"), "architecture must be one of gpt2"),
    "packed weights": (
        configured(quantization_config={"bits": 4}), "quant_method must be one of gptq, awq",
    ),
    "a small vocabulary": (
        then(
            configured(vocab_size=300), set_tensor("transformer.wte.weight", lambda x: x[:300])
        ),
        "tokenizer must have at most the 300 tokens of the model, not 512",
    ),
    "a broken vocabulary": (replaced("vocab.json", b'{"a": '), "the tokenizer cannot be read"),
    "text that is none": (
        replaced("calibration.txt", b"\xff\xfe\xff"), "calibration.txt: the file must be readable",
    ),
    "empty text": (replaced("calibration.txt", b" \n"), "calibration.txt: the file must hold"),
    "no text for losses": (
        replaced("heldout.txt", b"\xff\xfe\xff"), "heldout.txt: the file must be readable UTF-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_sentence(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = REFUSED[kind]
    change(folder)
    out = folder.parent / "out"
    assert main(["build", str(folder), "-o", str(out)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert lines[0].startswith(f"error: {folder}") and re.search(words, lines[0]), lines
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: ")), lines
    assert not out.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_weights_that_nobody_may_read(folder: Path) -> None:
    (folder / WEIGHTS).chmod(0)
    with pytest.raises(UserError, match=r"model\.safetensors: the file must be a complete"):
        load(folder)


FILES = (WEIGHTS, "config.json", "vocab.json", "merges.txt", INDEX, "one.safetensors",
         "tokenizer.json", "generation_config.json", "tokenizer_config.json")  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    file=st.sampled_from(FILES),
    place=st.floats(0, 1),
    early=st.booleans(),
    junk=st.binary(max_size=12),
    cut=st.booleans(),
)
def test_damaged_files_are_refused_or_read(
    tmp_path: Path, file: str, place: float, early: bool, junk: bytes, cut: bool
) -> None:
    """Whatever bytes a file holds: a model, or a sentence."""
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    plain(folder)
    if file in (INDEX, "one.safetensors"):
        in_shards(folder)
    path = folder / file
    whole = path.read_bytes() if path.exists() else b'{"eos_token_id": [1], "bos_token_id": 2}'
    at = int(place * min(len(whole), 300 if early else len(whole)))
    path.write_bytes(whole[:at] + junk + (b"" if cut else whole[at + len(junk) :]))
    try:
        model = load(folder)
        if model.tokenizer is not None:
            model.tokenizer.encode("ROMEO.")
    except UserError as error:
        assert str(error).startswith(str(folder)) and "\n" not in str(error)
