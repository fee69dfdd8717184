# SPDX-License-Identifier: Apache-2.0
"""Values of config.json: defaults, kinds of values, and the sentence for each refusal."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamhw.errors import UserError
from streamhw.frontend.catalog import FAMILIES
from streamhw.frontend.reading.config_reader import ConfigReader

READER = ConfigReader(
    {"n": 3, "half": 0.5, "on": True, "null": None, "names": ["a", "b"], "inner": {"m": 4}},
    "config.json",
    {"n": 7, "m": 8, "off": False},
)


def test_what_is_given_wins_over_the_defaults() -> None:
    assert (READER.integer("n"), READER.integer("m")) == (3, 8)
    assert READER.switch("on") and not READER.switch("off")
    assert READER.number("half") == 0.5 and READER.number("n") == 3.0
    assert READER.optional("null") is None and READER.optional("missing") is None
    assert READER.words("names", 1) == ("a",) and READER.words("null", 1) is None
    inner = READER.section("inner")
    assert inner is not None and inner.integer("m") == 4 and READER.section("null") is None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.integer("half"), "half must be an integer of at least 1, not 0.5"),
        (lambda r: r.integer("on"), "on must be an integer of at least 1, not true"),
        (lambda r: r.integer("gone"), "gone must be an integer of at least 1, not missing"),
        (lambda r: r.integer("n", least=4, most=9), "n must be an integer of 4 to 9, not 3"),
        (lambda r: r.number("null"), "null must be a number above 0, not null"),
        (lambda r: r.number("n", above=3), "n must be a number above 3, not 3"),
        (lambda r: r.switch("n"), "n must be true or false, not 3"),
        (lambda r: r.words("names", 3), 'names must be a list of 3 words or more, not ["a", "b"]'),
        (lambda r: r.section("n"), "n must be an object or null, not 3"),
        (lambda r: r.require(n=3, on=False), "on must be false, not true"),
        (lambda r: r.require(half=None), "half must be null, not 0.5"),
    ],
)
def test_refusals(ask, message: str) -> None:
    with pytest.raises(UserError, match=f"^config.json: {re.escape(message)}$"):
        ask(READER)


def test_null_and_missing_switches_are_off() -> None:
    READER.require(null=False, gone=False, off=False)


def test_numbers_beyond_floats() -> None:
    for value in (10**400, float("inf"), float("nan"), -1.0):
        with pytest.raises(UserError, match=r"^c: x must be a number above 0, not "):
            ConfigReader({"x": value}, "c").number("x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
LIKELY = st.sampled_from(
    [0, 1, 2, 8, 64, -1, 2**40, 0.0, 1e-5, True, "gelu", "silu", [], {}, {"rope_type": "linear"},
     {"full_attention": {"rope_theta": 5.0}}, ["full_attention"], {"factor": 2.0, "type": "llama3"}]
)  # fmt: skip


@pytest.mark.parametrize("kind", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_value_of_any_key_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    """No other error, whatever the values: the graph is built where the reader accepts them."""
    family = FAMILIES[kind]
    keys = st.sampled_from([*sorted(family.defaults), "rope_scaling", "rope_parameters",
                            "layer_types", "partial_rotary_factor"])  # fmt: skip
    small = {"num_hidden_layers": 2, "n_layer": 2}
    values = small | data.draw(st.dictionaries(keys, JSON | LIKELY, max_size=4))
    try:
        config = family.read_config(values, "config.json")
    except UserError as error:
        assert str(error).startswith("config.json: ") and "\n" not in str(error)
        json.dumps(values, default=str)
        return
    assert config.layers >= 1 and config.context >= 1
    if config.layers < 100:
        assert family.graph("any", config).vocabulary == config.vocabulary
