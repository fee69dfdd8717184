# SPDX-License-Identifier: Apache-2.0
"""Named models: shapes, seeded random weights, weights that the user gives."""

import json
import re
from math import prod
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend import Origin, load, model_names
from streamhw.frontend.gpt2 import GPT2
from streamhw.frontend.shapes import NamedShape
from streamhw.frontend.tokenizers import directory_tokenizer
from streamhw.frontend.weights import RandomWeights
from streamhw.frontend.zoo import CHECKPOINTS
from tests.tiny import write_tiny


def test_names() -> None:
    assert model_names() == (
        "gemma3-1b",
        "gemma3-270m",
        "gpt2",
        "gpt2-large",
        "gpt2-medium",
        "gpt2-shakespeare",
        "gpt2-xl",
        "llama3.2-1b",
        "qwen2.5-0.5b",
        "qwen3-0.6b",
        "smollm2-135m",
        "tinyllama-1.1b",
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
        ("smollm2-135m", 134_515_008),
        ("gemma3-270m", 268_098_176),
        ("qwen3-0.6b", 596_049_920),
        ("llama3.2-1b", 1_235_814_400),
        ("gpt2-shakespeare", 875_264),
        ("tinyllama-1.1b", 1_100_048_384),
        ("qwen2.5-0.5b", 494_032_768),
        ("gemma3-1b", 999_885_952),
    ],
)
def test_sizes(name: str, parameters: int) -> None:
    graph = load(name).graph
    assert sum(prod(p.shape) for p in graph.parameters()) == parameters


def test_random_weights_are_those_of_an_initialised_model() -> None:
    model = load("gpt2")
    assert model.origin is Origin.RANDOM
    assert model.tokenizer is None and model.calibration is None
    first = model.weights["h.3.attn.c_attn.weight"]
    assert first.shape == (768, 2304) and first.dtype == np.float32
    assert (first == load("gpt2").weights["h.3.attn.c_attn.weight"]).all()
    assert (first != model.weights["h.4.attn.c_attn.weight"]).any()
    assert first.std() == pytest.approx(0.02, rel=0.01)
    assert model.weights["h.0.mlp.c_proj.weight"].std() == pytest.approx(0.02 / 24**0.5, rel=0.01)
    assert (model.weights["ln_f.weight"] == 1).all() and (model.weights["ln_f.bias"] == 0).all()
    table = model.weights["wte.weight"]
    assert isinstance(model.weights, RandomWeights)
    for rows in (7, 5000):
        assert (model.weights.head("wte.weight", rows) == table[:rows]).all()


def test_weights_must_fit_the_named_shape() -> None:
    path = CHECKPOINTS["gpt2-shakespeare"]
    message = f"{path}: tensor wte.weight must have shape [50257, 768], not [512, 128]"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        load("gpt2", path)


def test_given_weights_replace_those_of_a_checkpoint() -> None:
    path = CHECKPOINTS["gpt2-shakespeare"]
    model = load("gpt2-shakespeare", path / "model.safetensors")
    assert model.origin is Origin.CHECKPOINT and model.tokenizer == directory_tokenizer(path)


def test_unknown_names(tmp_path: Path) -> None:
    message = f"MODEL must be one of {', '.join(model_names())}, or a directory, not 'gpt5'"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        load("gpt5")
    missing = tmp_path / "nothing"
    with pytest.raises(UserError, match=f"^{missing}: the weights file is missing$"):
        load("gpt2", missing)


def test_calibration_and_heldout_text_do_not_overlap() -> None:
    model = load("gpt2-shakespeare")
    assert model.calibration is not None and model.heldout is not None
    assert 60_000 < len(model.calibration) < 70_000
    assert model.calibration[:200] not in model.heldout


def test_calibration_text_of_the_user(tmp_path: Path) -> None:
    (text := tmp_path / "text.txt").write_text("To be, or not to be")
    model = load("gpt2-shakespeare", calibration=text)
    assert model.calibration == "To be, or not to be" and not model.general_calibration
    text.write_text(" ")
    with pytest.raises(UserError, match=f"^{text}: the file must hold text, and is empty$"):
        load("gpt2-shakespeare", calibration=text)
    with pytest.raises(UserError, match=r"^gpt2-xl: --calibration needs a model with a tokenizer$"):
        load("gpt2-xl", layers=1, calibration=text)


def test_a_path_that_exists_wins_over_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / "gpt2")
    for name in ("gpt2", "./gpt2", Path("gpt2"), tmp_path / "gpt2"):
        assert load(name).origin is Origin.CHECKPOINT
    (tmp_path / "gpt2" / "config.json").unlink()
    with pytest.raises(UserError, match=r"^gpt2/config.json: the configuration file is") as error:
        load("gpt2")
    assert (
        error.value.hint == "a path that exists wins: for the gpt2 of list models, rename this one"
    )


@pytest.mark.parametrize(
    "name", ["openai-community/gpt2", "https://huggingface.co/openai-community/gpt2/"]
)
def test_a_repository_is_told_how_to_become_a_directory(name: str) -> None:
    with pytest.raises(UserError, match=f"or a directory, not '{name}'$") as error:
        load(name)
    assert error.value.hint is not None
    assert "hf download openai-community/gpt2 --local-dir gpt2" in error.value.hint


@pytest.mark.parametrize("name", ["", "./gone", "../gone", "/gone/gone", "a/b/c", "opt"])
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UserError, match=r"^MODEL must be one of") as error:
        load(name)
    assert error.value.hint is None


def test_a_misspelt_name_has_a_hint() -> None:
    with pytest.raises(UserError, match=r"^MODEL must be one of") as error:
        load("gpt2-mediun")
    assert error.value.hint is not None and "did you mean gpt2-medium" in error.value.hint


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_what_is_no_path(name: str) -> None:
    with pytest.raises(UserError):
        load(name)
    with pytest.raises(UserError):
        load("gpt2", name)


def test_weights_instead_of_their_directory(tmp_path: Path) -> None:
    file = write_tiny(tmp_path / "tiny") / "model.safetensors"
    message = r"MODEL must be a directory with config\.json, not a file of another kind$"
    with pytest.raises(UserError, match=message) as error:
        load(file)
    assert error.value.hint == f"name the directory, {tmp_path / 'tiny'}"
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(UserError, match=message) as error:
        load(tmp_path / "notes.txt")
    assert error.value.hint is None


def test_windows_do_not_limit_the_positions() -> None:
    model = load("gemma3-270m")
    assert model.graph.context == 1024 and model.notes == ()
    (op,) = (op for node, _ in model.graph.walk() if (op := node.op.attention) is not None)
    assert op.windows == (512, 512, 512, 512, 512, None)


def test_weights_of_another_model_than_the_named_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny(tmp_path / "tiny")
    values = json.loads((folder / "config.json").read_text())
    config = GPT2.read_config(values, "config.json")
    named = NamedShape(family=GPT2, config=config, end_tokens=(), repository="a/b")
    monkeypatch.setattr("streamhw.frontend.zoo.SHAPES", {"small": named})
    assert load("small", folder).origin is Origin.CHECKPOINT
    assert load("small", folder / "model.safetensors").origin is Origin.CHECKPOINT
    (folder / "config.json").write_text(json.dumps(values | {"layer_norm_epsilon": 0.25}))
    with pytest.raises(UserError, match=r"config\.json: epsilon must be 1e-05 as in small, not"):
        load("small", folder)
