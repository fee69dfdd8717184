# SPDX-License-Identifier: Apache-2.0
"""Families and formats by entry point, Llama and Qwen directories, and what they refuse."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.catalog import FAMILIES, FORMATS
from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.family import ModelFamily
from streamhw.frontend.format import FileFormat
from tests.packages import install
from tests.tiny import write_tiny

LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 60,
    "max_position_embeddings": 32,
    "rms_norm_eps": 1e-5,
    "eos_token_id": [2, 3],
}


def write(folder: Path, config: dict[str, object]) -> Path:
    """A directory whose tensors are ones, for what the family reads from the configuration."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    family = FAMILIES[str(config["model_type"])]
    graph = family.graph("m", family.read_config(config, "config.json"))
    save_file(
        {p.name: np.ones(p.shape, np.float32) for p in graph.parameters()},
        folder / "model.safetensors",
    )
    return folder


def test_all_are_of_their_protocol() -> None:
    assert all(isinstance(family, ModelFamily) for family in FAMILIES.values())
    assert all(isinstance(fmt, FileFormat) for fmt in FORMATS.values())


def test_a_llama_directory(tmp_path: Path) -> None:
    model = load(write(tmp_path / "tiny", LLAMA))
    config = DecoderConfig(
        layers=2, features=32, hidden=64, heads=4, kv_heads=2, head_dim=8, vocabulary=60,
        context=32, epsilon=1e-5, tied=False,
    )  # fmt: skip
    assert model.config == config and model.end_tokens == (2, 3)
    assert model.graph == decoder_graph("tiny", config)


def test_a_qwen_directory_has_biases_and_its_own_angles(tmp_path: Path) -> None:
    angles = {"rope_theta": 1e6, "rope_type": "default"}
    qwen = {**LLAMA, "model_type": "qwen2", "tie_word_embeddings": True, "rope_parameters": angles}
    model = load(write(tmp_path, qwen))
    names = [p.name for p in model.graph.parameters()]
    assert "model.layers.0.self_attn.q_proj.bias" in names and "lm_head.weight" not in names
    assert isinstance(model.config, DecoderConfig) and model.config.bases == (1e6,)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"rope_parameters": {"rope_type": "su"}},
            'rope_parameters: rope_type must be one of default, linear, llama3, yarn, not "su"',
        ),
        (
            {"rope_scaling": {"type": "dynamic", "factor": 2.0}},
            'rope_scaling: type must be one of default, linear, llama3, yarn, not "dynamic"',
        ),
        (
            {"rope_scaling": {"type": "linear", "factor": 0.5}},
            "rope_scaling: factor must be a number of at least 1, not 0.5",
        ),
        (
            {
                "rope_scaling": {
                    "rope_type": "llama3",
                    "factor": 8.0,
                    "low_freq_factor": 4,
                    "high_freq_factor": 1,
                }
            },
            "rope_scaling: high_freq_factor must be a number above low_freq_factor (4), not 1",
        ),
        ({"rope_scaling": "linear"}, 'rope_scaling must be an object or null, not "linear"'),
        ({"rope_theta": 1}, "rope_theta must be a number above 1, not 1"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor must be 1.0, not 0.5"),
        ({"attention_bias": None}, "attention_bias must be true or false, not null"),
        ({"head_dim": 7}, "head_dim must be even, not 7: features turn in pairs"),
        ({"hidden_size": 30}, "hidden_size must be a multiple of num_attention_heads (4), not 30"),
        ({"num_key_value_heads": 3}, "kv_heads must divide heads, not 3 | 4"),
    ],
)
def test_what_the_graph_cannot_express(
    tmp_path: Path, values: dict[str, object], message: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA | values))
    with pytest.raises(UserError, match=re.escape(message) + "$"):
        load(tmp_path)


FAMILY = """
from streamhw.frontend.gpt2 import Gpt2Family

class Renamed(Gpt2Family):
    model_types = ("renamed",)

    def tensors(self, config, stored, source):
        return {"renamed." + name: tensor for name, tensor in stored.items()}

FAMILY = Renamed()
"""


def test_an_installed_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = write_tiny(tmp_path / "model")
    file = directory / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_type": "renamed"}))
    with pytest.raises(UserError, match=r"architecture must be one of gpt2, .*, not renamed$"):
        load(directory)
    install(monkeypatch, tmp_path, "families", FAMILY, model="renamed = families:FAMILY")
    with pytest.raises(UserError, match=r"tensor h.0.ln_1.weight is missing|tensor wte.weight is"):
        load(directory)


FORMAT = """
import json
import numpy as np

class Array:
    kind = "F32"
    def __init__(self, values):
        self.values, self.shape = values, values.shape
    def read(self):
        return self.values

class Npz:
    def recognizes(self, path):
        return path.suffix == ".npz"
    def config(self, path):
        return json.loads(str(np.load(path)["config"]))
    def tensors(self, path):
        data = np.load(path)
        return {name: Array(data[name]) for name in data if name != "config"}
    def tokenizer(self, path):
        return None
    def text(self, path, role):
        return None

FORMAT = Npz()
"""


def test_an_installed_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = load(write_tiny(tmp_path / "tiny"))
    config = (tmp_path / "tiny" / "config.json").read_text()
    file = tmp_path / "tiny.npz"
    np.savez(file, config=np.array(config), **dict(directory.weights))
    install(monkeypatch, tmp_path, "npz_format", FORMAT, format="npz = npz_format:FORMAT")
    model = load(file)
    assert model.graph.nodes == directory.graph.nodes
    for name in directory.weights:
        assert (model.weights[name] == directory.weights[name]).all()
    again = load(tmp_path / "tiny", weights=file)
    assert (again.weights["wte.weight"] == directory.weights["wte.weight"]).all()


def test_a_broken_format_stops_only_paths_that_nobody_else_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "broken", "import nothing_there", format="b = broken:F")
    assert load(write_tiny(tmp_path / "tiny")).name == "tiny"
    (tmp_path / "model.other").write_text("")
    with pytest.raises(UserError, match=r"^Entry point b of package broken must load"):
        load(tmp_path / "model.other")
