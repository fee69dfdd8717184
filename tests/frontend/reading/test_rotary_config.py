# SPDX-License-Identifier: Apache-2.0
"""Rotary angles of config.json: both ways to write them give the same, period by period."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.frontend.reading.config_reader import ConfigReader
from streamhw.frontend.reading.rotary_config import (
    RotaryConfig,
    bases_and_scalings,
    in_turn,
    rotary_of,
)

DEFAULTS = {"rope_theta": 10_000.0, "max_position_embeddings": 4096}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


def read(layer_type: str = "full_attention", **values: Any) -> RotaryConfig:
    return rotary_of(ConfigReader(values, "config.json", DEFAULTS), 64, layer_type)


def test_nothing_said_is_the_default() -> None:
    assert read() == read(rope_scaling=None) == read(rope_parameters={}) == RotaryConfig(base=1e4)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"rope_theta": 5e5}, {"rope_theta": 5e5, "rope_type": "default"}),
        (
            {"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2}},
            {"rope_theta": 5e5, "rope_type": "linear", "factor": 2.0},
        ),
        (
            {"rope_scaling": {"rope_type": "llama3", **LLAMA3}},
            {"rope_type": "llama3", "original_max_position_embeddings": 4096, **LLAMA3},
        ),
    ],
)
def test_transformers_4_and_5(older: dict[str, Any], newer: dict[str, Any]) -> None:
    assert read(**older) == read(rope_parameters=newer)


def test_scalings_are_wavelengths() -> None:
    assert read(rope_scaling={"type": "linear", "factor": 2}).scaling == (2.0, 0.0, 0.0)
    scaling = read(rope_scaling={"rope_type": "llama3", **LLAMA3}).scaling
    assert scaling == (8.0, 1024.0, 4096.0)


def test_types_of_layers() -> None:
    both = {
        "full_attention": {"rope_theta": 7.0, "rope_type": "linear", "factor": 3.0},
        "sliding_attention": {"rope_theta": 5.0},
    }
    assert read(rope_parameters=both).base == 7.0
    assert read("sliding_attention", rope_parameters=both) == RotaryConfig(base=5.0)
    only = {"full_attention": both["full_attention"]}
    assert read("sliding_attention", rope_parameters=only) == RotaryConfig(base=1e4)


ANGLES = st.sampled_from(
    [
        RotaryConfig(base=2.0),
        RotaryConfig(base=3.0),
        RotaryConfig(base=2.0, scaling=(2.0, 1.0, 4.0)),
    ]
)


@given(st.lists(ANGLES, min_size=1, max_size=12))
def test_layers_take_them_in_turn(layers: list[RotaryConfig]) -> None:
    bases, scalings = bases_and_scalings(layers)
    for index, layer in enumerate(layers):
        assert bases[index % len(bases)] == layer.base
        found = scalings[index % len(scalings)] if scalings else None
        assert found == layer.scaling or (layer.scaling is None and found == (1.0, 0.0, 0.0))


def test_the_shortest_period() -> None:
    assert in_turn([512, 512, None] * 3) == in_turn([512, 512, None, 512]) == (512, 512, None)
    two = [RotaryConfig(base=2.0), RotaryConfig(base=3.0)]
    assert bases_and_scalings(two * 6) == ((2.0, 3.0), ())
    assert bases_and_scalings(two[:1] * 6) == ((2.0,), ())
    assert bases_and_scalings([*two, two[0]]) == ((2.0, 3.0), ())
