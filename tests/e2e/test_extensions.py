# SPDX-License-Identifier: Apache-2.0
"""Tiny models with what packages outside streamhw add: every stream equals the reference."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import Model, load
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine
from tests.packages import install_example
from tests.tiny import write_tiny

_NORM_BIAS = re.compile(r"ln_\w+\.bias$")
"""Of norms that have a bias, which norms by tanh have not."""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "installed"
    folder.mkdir()
    return folder


def check(machine_of: Callable[..., Machine], model: Model, quantization: QuantConfig) -> None:
    choices = BuildConfig(quantization=quantization, multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    machine = machine_of(design=design, of=model, observed=True)
    golden = IntegerModel(machine.quantized, layer_table().reference)
    for prompt in ([1, 2, 3], [7], list(range(5, 18))):
        answer = machine.answer(prompt, 4, check=True)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 4))
        assert answer.compared is not None and answer.compared.first is None


def test_a_norm(
    machine_of: Callable[..., Machine],
    monkeypatch: pytest.MonkeyPatch,
    packages: Path,
    tmp_path: Path,
) -> None:
    install_example(monkeypatch, packages, "tanh_norm")
    folder = write_tiny(tmp_path / "model")
    stored = load_file(folder / "model.safetensors")
    own = {name: values for name, values in stored.items() if not _NORM_BIAS.search(name)}
    save_file(own, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "tanh_gpt2"}))
    model = load(str(folder))
    assert {n.op.kind for n, _ in model.graph.walk()} & {"TanhNorm", "LayerNorm"} == {"TanhNorm"}
    check(machine_of, model, QuantConfig(scale_group=32))


def test_a_function(
    machine_of: Callable[..., Machine],
    monkeypatch: pytest.MonkeyPatch,
    packages: Path,
    tmp_path: Path,
) -> None:
    install_example(monkeypatch, packages, "quick_gelu")
    model = load(str(write_tiny(tmp_path / "model", function="quick_gelu")))
    check(machine_of, model, QuantConfig(scale_group=32))


@pytest.mark.parametrize(
    ("package", "name"), [("int8_groups", "int8_in_groups"), ("fp4", "fp4_in_groups")]
)
def test_a_number_format(
    machine_of: Callable[..., Machine],
    monkeypatch: pytest.MonkeyPatch,
    packages: Path,
    tmp_path: Path,
    package: str,
    name: str,
) -> None:
    install_example(monkeypatch, packages, package)
    model = load(str(write_tiny(tmp_path / "model")))
    check(machine_of, model, QuantConfig(number_format=name))
