# SPDX-License-Identifier: Apache-2.0
"""Every family gives the logits of Hugging Face's own code, from its own files.

The logits and names of tensors were written by scripts/family_logits.py.
"""

import json
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from streamhw.frontend import Model, load
from streamhw.graph import Graph, LastToken, parse_graph, print_graph
from streamhw.graph.float_reference import forward

HERE = Path(__file__)
FACTS = json.loads((HERE.with_name("family_logits.json")).read_text())
CASES: dict[str, dict[str, Any]] = FACTS["cases"]
TOKENS = np.array(FACTS["tokens"])
SCRIPT = run_path(str(HERE.parents[2] / "scripts" / "family_logits.py"))


def write(folder: Path, case: str, prefix: str = "", **changes: object) -> Path:
    """The directory of a case, as transformers would save it."""
    folder.mkdir()
    config = CASES[case]["config"] | changes
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {name: tuple(shape) for name, shape in CASES[case]["shapes"].items()}
    tensors = {prefix + name: SCRIPT["values_of"](name, shape) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")
    return folder


def logits(model: Model) -> np.ndarray:
    values = forward(model.graph, model.weights, TOKENS, all_rows=True)
    return np.asarray(values["logits"][[0, 1, len(TOKENS) - 1]])


def close(found: np.ndarray, case: str) -> bool:
    expected = np.array(CASES[case]["logits"])
    return bool(np.abs(found - expected).max() < 1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("case", CASES)
def test_logits_are_those_of_transformers(case: str, tmp_path: Path) -> None:
    model = load(write(tmp_path / "model", case))
    assert close(logits(model), case), np.abs(logits(model) - CASES[case]["logits"]).max()


def test_the_script_describes_what_is_stored() -> None:
    assert SCRIPT["TOKENS"] == FACTS["tokens"]
    assert {name: case["config"] for name, case in CASES.items()} == SCRIPT["CASES"]


def test_scalings_of_angles_show_in_the_logits(tmp_path: Path) -> None:
    case = "llama3_of_transformers_4"
    plain = load(write(tmp_path / "model", case, rope_scaling=None))
    assert not close(logits(plain), case)


@pytest.mark.parametrize("case", CASES)
def test_graphs_print_and_parse(case: str, tmp_path: Path) -> None:
    graph: Graph = load(write(tmp_path / "model", case)).graph
    assert parse_graph(print_graph(graph)) == graph
    assert isinstance(graph.node("last").op, LastToken)
