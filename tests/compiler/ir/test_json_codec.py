# SPDX-License-Identifier: Apache-2.0
"""Dataclasses to JSON and back; what does not fit is refused with its place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import pytest

from streamhw.compiler.ir.json_codec import decode, encode
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol


class Color(Enum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Leaf:
    size: int
    share: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Tree:
    leaves: tuple[Leaf, ...]
    pair: tuple[str, int] = ("a", 1)
    names: Mapping[str, Leaf] = field(default_factory=dict)
    color: Color = Color.RED
    maybe: int | None = None
    on: bool = False


TREE = Tree(leaves=(Leaf(size=3), Leaf(size=4, share=2.0)), names={"x": Leaf(size=1)}, maybe=7)


def test_values_come_back() -> None:
    text = json.dumps(encode(TREE))
    assert decode(Tree, json.loads(text)) == TREE
    assert encode(Leaf(size=np.int64(5))) == {"size": 5}


def test_defaults_are_left_out() -> None:
    assert encode(Tree(leaves=())) == {"leaves": []}
    assert decode(Tree, {"leaves": []}) == Tree(leaves=())


def test_stream_types_come_back() -> None:
    loops = (Loop(Symbol("length", 8, ragged=True), 1, 0), Loop(4), Loop(2, 4, 1))
    type = ITensor(Fixed(8, -3, signed=False), (1, 4), loops)
    assert decode(ITensor, json.loads(json.dumps(encode(type)))) == type


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], " must be an object, not []"),
        ({}, "Tree must have a field leaves, and it has none"),
        ({"leaves": 3}, "leaves must be a list, not 3"),
        ({"leaves": [{"size": 1.5}]}, r"leaves[0].size must be an integer, not 1.5"),
        ({"leaves": [{"size": True}]}, r"leaves[0].size must be an integer, not True"),
        ({"leaves": [], "leafs": []}, "Tree must have the fields leaves, pair"),
        ({"leaves": [], "pair": ["a"]}, "pair must be 2 values, not ['a']"),
        ({"leaves": [], "color": "blue"}, "color must be one of ['red'], not 'blue'"),
        ({"leaves": [], "maybe": "x"}, "maybe must be an integer, not 'x'"),
        ({"leaves": [], "on": 1}, "on must be a bool, not 1"),
        (
            {"leaves": [], "names": {"x": {"size": 1, "share": "y"}}},
            "names.x.share must be a number",
        ),
    ],
)
def test_what_does_not_fit(data: object, words: str) -> None:
    with pytest.raises(ValueError) as error:
        decode(Tree, data)
    assert words in str(error.value)


def test_only_data_is_written() -> None:
    with pytest.raises(ValueError, match="Value must be plain data, not a object"):
        encode(object())
