# SPDX-License-Identifier: Apache-2.0
"""Every layer kind is one complete bundle."""

from streamhw.compiler.layers.layer import Layer
from streamhw.compiler.layers.result import LAST_TOKEN
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.memory.rules import MemoryRule


def test_a_bundle_has_a_rule_for_each_stage() -> None:
    table = layer_table()
    assert set(table.quantization) >= set(table.memory)
    for rule in table.memory.values():
        assert isinstance(rule, MemoryRule)


def test_what_is_left_out_is_empty() -> None:
    assert isinstance(LAST_TOKEN, Layer)
    assert LAST_TOKEN.memory == MemoryRule() and LAST_TOKEN.reference is None
