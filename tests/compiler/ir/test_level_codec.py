# SPDX-License-Identifier: Apache-2.0
"""Levels as text: what is read is what was written, and nothing else is read."""

import json
from collections.abc import Callable

import pytest

from streamhw.compiler.ir.level_codec import dumps, loads
from streamhw.compiler.ir.levels import Mapped, PlacedNetlist
from tests.compiler.conftest import Compiled


def test_a_round_trip_is_equal(design: PlacedNetlist) -> None:
    text = dumps(design)
    read = loads(PlacedNetlist, text)
    assert read == design and hash(read) == hash(design) and dumps(read) == text
    assert [i.part.resources() for i in read.instances] == [
        i.part.resources() for i in design.instances
    ]


def test_another_level_is_refused(compiled: Compiled) -> None:
    text = dumps(compiled(stop="tile"))
    assert loads(Mapped, text).tiling == compiled(stop="tile").tiling
    with pytest.raises(ValueError, match=r"^Level must be a PlacedNetlist, not a Mapped$"):
        loads(PlacedNetlist, text)


def changed(text: str, change: Callable[[dict], object]) -> str:
    data = json.loads(text)
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("os:system", r"^Level must hold what streamhw and its extensions have, not os:system$"),
        ("streamhw.frontend:load", r"^Level must hold plain data, not streamhw.frontend:load$"),
        ("streamhw.stream.spec:Nobody", r"^Level must hold plain data, not streamhw.stream.spec"),
    ],
)
def test_only_classes_of_plain_data_are_made(compiled: Compiled, name: str, said: str) -> None:
    text = dumps(compiled(stop="tile"))
    with pytest.raises(ValueError, match=said):
        loads(Mapped, changed(text, lambda body: body["types"].append(name)))


def test_what_cannot_be_read_or_written(compiled: Compiled) -> None:
    text = dumps(compiled(stop="tile"))
    with pytest.raises(ValueError, match=r"^Level must be written in version 2$"):
        loads(Mapped, text.replace('"version":2', '"version":0', 1))
    with pytest.raises(ValueError, match=r"^Level must hold plain data, not a list$"):
        dumps([1])


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("objects"),
        lambda body: body["objects"].append([999, {}]),
        lambda body: body["objects"].append(3),
        lambda body: body["objects"][0].append(3),
        lambda body: body["objects"].insert(0, [0, {"other": 1}]),
        lambda body: body["objects"].insert(0, [0, []]),
        lambda body: body["types"].append("streamhw.nowhere:Nobody"),
        lambda body: body["types"].append(3),
        lambda body: body.update(root={"ratio": [1, 0]}),
        lambda body: body.update(root={"map": [[{"map": []}, 3]]}),
        lambda body: body.update(root={"function": "os"}),
        lambda body: body.update(root={"#": -1e300}),
        lambda body: body.update(root={}),
    ],
)
def test_another_version_is_one_kind_of_error(compiled: Compiled, change: Callable) -> None:
    text = dumps(compiled(stop="tile"))
    with pytest.raises(ValueError):  # its text may be that of a class
        loads(Mapped, changed(text, change))
