# SPDX-License-Identifier: Apache-2.0
"""The table of layer kinds: those of streamhw, those of packages, and what is refused."""

from pathlib import Path

import pytest

from streamhw.compiler.layers.table import BUILT_IN, layer_table
from streamhw.errors import BuildError, UserError
from streamhw.frontend import load
from streamhw.graph import OPS
from streamhw.quantization.quantizer import quantize
from tests.packages import install

AGAIN = """
from dataclasses import replace
from streamhw.compiler.layers.elementwise import ADD
from streamhw.graph import Add

class {name}(Add):
    pass

LAYER = replace(ADD, op={name})
"""


def test_every_kind_has_a_layer() -> None:
    table = layer_table()
    assert table.ops == OPS == tuple(layer.op for layer in BUILT_IN)
    for stage in (table.quantization, table.memory, table.lowering):
        assert set(stage) == set(OPS)
    assert {op.__name__ for op in set(OPS) - set(table.reference)} == {"Input", "LastToken"}


def test_an_installed_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "sums", AGAIN.format(name="Sum"), layer="s = sums:LAYER")
    assert [op.__name__ for op in layer_table().ops[len(BUILT_IN) :]] == ["Sum"]


def test_a_kind_that_is_there_already(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "again", AGAIN.format(name="Linear"), layer="l = again:LAYER")
    with pytest.raises(
        UserError,
        match=r"^Layer kind Linear must come from one package, not from streamhw and again$",
    ):
        layer_table()


def test_a_kind_that_is_not_installed() -> None:
    with pytest.raises(
        BuildError, match=r"^Node token_embedding must be of an installed layer kind, not Gather$"
    ) as caught:
        quantize(load("gpt2-shakespeare"), {})
    assert caught.value.hint == ("a package adds a kind by an entry point of group streamhw.layer")
