# SPDX-License-Identifier: Apache-2.0
"""Step control: every port that waits for it gets a stream of the words that it takes."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.lowering.insert_control import open_ports
from streamhw.stream.spec import Direction


def test_no_port_is_open_at_the_end(design: PlacedNetlist) -> None:
    assert open_ports(design.instances, design.channels) == []


def test_what_is_open_before_is_control(compiled) -> None:
    before, after = compiled(stop="memory"), compiled(stop="control")
    waiting = {
        f"{instance.name}_{port.name}"
        for instance, port in open_ports(before.instances, before.channels)
        if port.direction is Direction.INPUT
    }
    new = {c.name for c in after.channels} - {c.name for c in before.channels}
    assert waiting and waiting <= new


def test_an_unconnected_port_is_found(design: PlacedNetlist) -> None:
    channel = design.channels[0]
    found = open_ports(design.instances, design.channels[1:])
    ends = {(instance.name, port.name) for instance, port in found}
    assert (channel.sink.instance, channel.sink.port) in ends
