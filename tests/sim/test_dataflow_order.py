# SPDX-License-Identifier: Apache-2.0
"""Streams follow the order of the graph, and those of one value each other."""

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from streamhw.sim.dataflow_order import dataflow_order
from tests.tiny import tiny_decoder


def test_what_is_read_stands_before_what_is_given() -> None:
    choices = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    design = compile_model(tiny_decoder(), load_board("sim"), choices)
    assert isinstance(design, PlacedNetlist)
    channels = [channel for channel in design.channels if channel.value is not None]
    ordered = dataflow_order(design.graph, channels)
    assert sorted(map(str, ordered)) == sorted(map(str, channels))
    first: dict[str, int] = {}
    for place, channel in enumerate(ordered):
        first.setdefault(str(channel.value), place)
    for node, _ in design.graph.walk():
        for name in node.inputs:
            if name in first and node.name in first:
                assert first[name] < first[node.name], (name, node.name)
    assert first["attention.scores"] < first["attention.probabilities"] < first["attention"]
    # reversed, the order is the same but for streams that nothing orders
    again = dataflow_order(design.graph, channels[::-1])
    assert [c.value for c in again if "." not in str(c.value)] == [
        c.value for c in ordered if "." not in str(c.value)
    ]
