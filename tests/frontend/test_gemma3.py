# SPDX-License-Identifier: Apache-2.0
"""Gemma 3: both ways to write its angles and layers, and the text of a model that sees images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.gemma3 import GEMMA3
from tests.frontend.test_families import close, logits, write

OLDER: dict[str, Any] = {
    "num_hidden_layers": 4,
    "sliding_window_pattern": 2,
    "rope_theta": 50.0,
    "rope_local_base_freq": 7.0,
    "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    "max_position_embeddings": 64,
    "sliding_window": 16,
}
KINDS = ["sliding_attention", "full_attention"]


def test_transformers_4_and_5() -> None:
    newer = {
        "num_hidden_layers": 4,
        "layer_types": KINDS * 2,
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "rope_theta": 50.0, "factor": 8.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 7.0},
        },
        "max_position_embeddings": 64,
        "sliding_window": 16,
    }
    config = GEMMA3.read_config(OLDER, "c")
    assert config == GEMMA3.read_config(newer, "c")
    assert config.bases == (7.0, 50.0) and config.scalings == ((1.0, 0.0, 0.0), (8.0, 0.0, 0.0))
    assert config.context == 64 and config.windows == (16, None)


def test_a_window_that_hides_nothing_is_none() -> None:
    config = GEMMA3.read_config(OLDER | {"sliding_window": 64}, "c")
    assert config.context == 64 and config.windows == ()
    full = GEMMA3.read_config(OLDER | {"layer_types": ["full_attention"] * 4}, "c")
    assert full.context == 64 and full.windows == () and len(full.bases) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attn_logit_softcapping": 50.0}, "attn_logit_softcapping must be null, not 50.0"),
        ({"final_logit_softcapping": 30.0}, "final_logit_softcapping must be null, not 30.0"),
        ({"use_bidirectional_attention": True}, "use_bidirectional_attention must be false, not"),
        (
            {"layer_types": ["chunked_attention"] * 4},
            "layer_types must be a list of full_",
        ),
        ({"layer_types": KINDS}, "layer_types must be a list of 4 words or more, not"),
        ({"rope_local_base_freq": "7"}, 'rope_local_base_freq must be a number above 1, not "7"'),
        ({"rope_parameters": {"rope_theta": 3.0}}, "rope_parameters must be an object with full_"),
    ],
)
def test_refusals(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^c: {message}"):
        GEMMA3.read_config(OLDER | values, "c")


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_the_text_of_a_model_that_sees_images(tmp_path: Path, prefix: str) -> None:
    case = "gemma3_of_transformers_5"
    folder = write(tmp_path / "model", case)
    config = json.loads((folder / "config.json").read_text())
    seeing = {"model_type": "gemma3", "text_config": config, "eos_token_id": [1, 3]}
    (folder / "config.json").write_text(json.dumps(seeing))
    weights = folder / "model.safetensors"
    tensors = {prefix + n.removeprefix("model."): t for n, t in load_file(weights).items()}
    save_file(tensors | {"vision_tower.patch": np.ones(3, np.float32)}, weights)
    model = load(folder)
    assert model.end_tokens == (1, 3)
    assert close(logits(model), case)
