# SPDX-License-Identifier: Apache-2.0
"""A reference that is wrong at one place: the difference is named there, whatever follows from it.

Seen from the comparison that is as if the kernel in the hardware were wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model
from streamhw.errors import InternalError
from streamhw.graph import Node
from streamhw.quantization.config import QuantConfig
from streamhw.reference.nodes import Codes
from streamhw.reference.rules import IntegerFunction, Invocation, Preparation, ReferenceRules
from streamhw.sim import stream_compare
from tests.e2e.machine import Machine
from tests.tiny import TINY_LLAMA, tiny_decoder

PROMPT = [5, 17, 3, 40, 2]
LAYER, ROW, FEATURE = 1, 3, 6


@dataclass(frozen=True)
class _Table:
    """What the comparison asks the layer table for."""

    reference: ReferenceRules


def wrong_at(node: Node, layer: int | None) -> ReferenceRules:
    """The rules of the reference; one element of a node's value in the first step is wrong."""
    rules = dict(layer_table().reference)
    right = rules[type(node.op)]

    def rule(state: Preparation, each: Node, at: int | None) -> IntegerFunction:
        compute = right(state, each, at)
        fmt = state.quantized.formats[node.name]
        steps = 0

        def wrong(invocation: Invocation, inputs: tuple[Codes, ...]) -> Codes:
            nonlocal steps
            value = compute(invocation, inputs)
            steps += 1
            if (each.name, at) != (node.name, layer) or steps > 1:
                return value
            value = np.array(value)
            rows = value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value[:, None]
            row, feature = min(ROW, len(rows) - 1), min(FEATURE, rows.shape[1] - 1)
            rows[row, feature] += 1 if rows[row, feature] < fmt.maximum else -1
            return value

        return wrong

    rules[type(node.op)] = rule
    return rules


@pytest.fixture(scope="module")
def llama(machine_of: Callable[..., Machine]) -> Machine:
    model = tiny_decoder(TINY_LLAMA)
    choices = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    return machine_of(design=design, of=model, observed=True)


def mutants(machine: Machine) -> Iterator[tuple[Node, int | None]]:
    """All nodes whose value a stream carries, each in a layer."""
    carried = {channel.value for channel in machine.design.channels}
    for node, loop in machine.design.graph.walk():
        if node.name in carried and node.inputs and type(node.op) in layer_table().reference:
            yield node, None if loop is None else min(LAYER, loop.trips - 1)


def behind_layers(machine: Machine) -> list[str]:
    nodes = machine.design.graph.nodes
    (loop,) = machine.design.graph.loops
    return [item.name for item in nodes[nodes.index(loop) :]]


@pytest.mark.parametrize("which", ["observed", "llama"])
def test_every_kernel_that_differs_is_named(
    which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine: Machine = request.getfixturevalue(which)
    tried = 0
    for node, layer in mutants(machine):
        rules = wrong_at(node, layer)
        monkeypatch.setattr(stream_compare, "layer_table", partial(_Table, rules))
        with pytest.raises(InternalError) as raised:
            machine.answer(PROMPT, 2, check=True, stalls=0.2, seed=tried)
        said = str(raised.value)
        where = "" if layer is None else f"layer {layer}, "
        # The head has the last row only.
        position = len(PROMPT) - 1 if node.name in behind_layers(machine) else ROW
        assert f"at {where}position {position} (token {PROMPT[position]})" in said
        assert f"] of {node.name}, lane " in said
        assert "its inputs are right" in said
        tried += 1
    assert tried >= 14
