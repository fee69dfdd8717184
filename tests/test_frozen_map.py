# SPDX-License-Identifier: Apache-2.0
"""Frozen mappings compare, hash, pickle, keep their order, and refuse to change."""

import pickle

import pytest

from streamhw.frozen_map import FrozenMap


def test_plain_data() -> None:
    given = {"b": 1, "a": 2}
    one, other = FrozenMap(given), FrozenMap({"a": 2, "b": 1})
    assert one == other == given and hash(one) == hash(other)
    assert list(one) == ["b", "a"] and list(other) == ["a", "b"]
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != FrozenMap({"a": 2}) and repr(one) == "FrozenMap({'b': 1, 'a': 2})"
    assert dict(one) | {"c": 3} == {"b": 1, "a": 2, "c": 3}


def test_it_does_not_change() -> None:
    given = {"a": 1}
    kept = FrozenMap(given)
    given["a"] = 2
    assert kept["a"] == 1 and len(FrozenMap()) == 0
    with pytest.raises(TypeError, match="does not support item assignment"):
        kept["a"] = 3  # type: ignore[index]  # that is what it refuses
    with pytest.raises(TypeError, match="unhashable"):
        hash(FrozenMap({"a": []}))
