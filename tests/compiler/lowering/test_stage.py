# SPDX-License-Identifier: Apache-2.0
"""Lowering: kernels for the nodes of the graph, and a stream for each value that one reads."""

from streamhw.compiler.ir.levels import Dataflow
from streamhw.compiler.ir.netlist import PARAMETERS
from streamhw.compiler.lowering.insert_control import SEQUENCER
from streamhw.stream.control.scope import Scope
from streamhw.stream.spec import Direction, Role


def test_every_input_has_one_stream(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    sinks = [(c.sink.instance, c.sink.port) for c in design.channels]
    assert len(set(sinks)) == len(sinks)
    open_ = {
        (i.name, p.name)
        for i in design.instances
        for p in i.part.ports
        if p.direction is Direction.INPUT and p.role in (Role.DATA, Role.PARAMETER)
    } - set(sinks)
    assert open_ == set()


def test_streams_join_what_is_there(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    names = {i.name for i in design.instances}
    for channel in design.channels:
        assert channel.sink.instance in names
        assert channel.source.instance in names | {PARAMETERS, SEQUENCER}
        if channel.source.instance in names:
            source = design.instance(channel.source.instance)
            assert source.port(channel.source.port).type == channel.produced
        assert design.instance(channel.sink.instance).port(channel.sink.port).type == (
            channel.consumed
        )


def test_layers_are_in_the_loop(compiled) -> None:
    design: Dataflow = compiled(stop="lower")
    (loop,) = design.graph.loops
    inside = {node.name for node in loop.body}
    for instance in design.instances:
        if instance.name in inside:
            assert instance.scope in (Scope.BODY, Scope.SHARED)
