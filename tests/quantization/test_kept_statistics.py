# SPDX-License-Identifier: Apache-2.0
"""Statistics from the cache are those that were measured, and another input misses them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamhw.cache import TextCache
from streamhw.compiler.layers.table import layer_table
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.weights import RandomWeights
from streamhw.graph import Graph
from streamhw.quantization import kept_statistics as kept
from streamhw.quantization.calibrate import calibrate_shape
from streamhw.quantization.statistics import Statistics

RULES = layer_table().quantization


def tiny(layers: int = 2) -> Graph:
    config = Gpt2Config(layers=layers, features=32, heads=2, vocabulary=50, context=16, hidden=48)
    return gpt2_graph("tiny", config)


GRAPH = tiny()
TOKENS = np.arange(12, dtype=np.int64).reshape(1, 12)


def statistics(cache: TextCache, **changes: object) -> Statistics:
    wanted: dict[str, Any] = {
        "graph": GRAPH, "tokens": TOKENS, "seed": 0, "source": "12 tokens", "rules": RULES
    } | changes  # fmt: skip
    weights = RandomWeights(wanted["graph"], additions=2, seed=wanted.pop("seed"))
    return kept.kept_statistics(weights=weights, cache=cache, **wanted)


def assert_equal(one: Statistics, other: Statistics) -> None:
    assert one.source == other.source
    assert one.largest.keys() == other.largest.keys()
    assert one.moments.keys() == other.moments.keys()
    for key, peak in one.largest.items():
        np.testing.assert_array_equal(peak, other.largest[key], strict=True)
    for key, moments in one.moments.items():
        np.testing.assert_array_equal(moments.mean, other.moments[key].mean, strict=True)
        np.testing.assert_array_equal(moments.square, other.moments[key].square, strict=True)
        assert moments.outer is other.moments[key].outer is None


def test_what_was_measured_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = RandomWeights(GRAPH, additions=2, seed=0)
    measured = calibrate_shape(GRAPH, weights, TOKENS, RULES, source="12 tokens")
    assert_equal(statistics(TextCache(tmp_path)), measured)
    monkeypatch.setattr(kept, "calibrate_shape", None)
    assert_equal(statistics(TextCache(tmp_path)), measured)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"tokens": TOKENS + 1},
        {"tokens": TOKENS.reshape(2, 6)},
        {"source": "others"},
        {"graph": tiny(layers=3)},
        {"rules": {op: replace(rule, measured=True) for op, rule in RULES.items()}},
    ],
    ids=["seed", "tokens", "windows", "source", "graph", "rules"],
)
def test_another_input_is_measured_itself(
    tmp_path: Path, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics(TextCache(tmp_path))
    monkeypatch.setattr(kept, "calibrate_shape", None)
    with pytest.raises(TypeError, match="not callable"):
        statistics(TextCache(tmp_path), **changes)


def test_another_code_measures_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statistics(TextCache(tmp_path))
    monkeypatch.setattr("streamhw.content_key._source", lambda package: package.encode())
    monkeypatch.setattr(kept, "calibrate_shape", None)
    with pytest.raises(TypeError, match="not callable"):
        statistics(TextCache(tmp_path))


@pytest.mark.parametrize("text", ["", "{}", '{"source": "x", "largest": [], "moments": [[1]]}'])
def test_a_damaged_text_is_measured_again(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = statistics(TextCache(tmp_path))
    monkeypatch.setattr(TextCache, "get", lambda *_: text)
    assert_equal(statistics(TextCache(tmp_path)), whole)
