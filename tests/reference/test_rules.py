# SPDX-License-Identifier: Apache-2.0
"""What a layer kind's reference is asked for: preparation once, then invocations."""

from typing import Any

import numpy as np

from streamhw.compiler.layers.table import layer_table
from streamhw.graph import Add, Attention, Linear
from streamhw.reference.cache import Cache
from streamhw.reference.rules import Invocation, Preparation, pure


def test_every_layer_kind_has_its_reference() -> None:
    rules = layer_table().reference
    assert {Linear, Attention, Add} <= set(rules) and all(callable(rule) for rule in rules.values())


def test_a_pure_function_sees_its_operands_only() -> None:
    recorded: list[str] = []
    invocation = Invocation(cache=Cache(), record=lambda name, _: recorded.append(name))
    codes = np.arange(4.0), np.ones(4)
    assert (pure(lambda a, b: a - b)(invocation, codes) == [-1, 0, 1, 2]).all()
    assert recorded == []


def test_matrices_are_wide_until_there_are_two_gigabytes() -> None:
    quantized: Any = None
    state = Preparation(quantized)
    assert state.wide
    state.kept = (2 << 30) - 1
    assert state.wide
    state.kept += 1
    assert not state.wide
