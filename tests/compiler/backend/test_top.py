# SPDX-License-Identifier: Apache-2.0
"""The top level: the pins of the board, nets with names for each stream, equal parts once."""

import re
from collections import Counter

from amaranth.lib.wiring import In, Out

from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.top import Accelerator, level_name, net_names
from streamhw.compiler.floorplan.top_overhead import queue_owner
from streamhw.compiler.ir.levels import PlacedNetlist


def test_pins_are_those_of_the_buses(design: PlacedNetlist) -> None:
    members = Accelerator(design).signature.members
    assert members["clk"].flow == In and members["stat_done"].flow == Out
    for port in design.board.ports:
        assert members[f"m_axi_{port.name}_araddr"].flow == Out
        assert members[f"m_axi_{port.name}_rdata"].shape == port.width
    assert members["s_axil_awaddr"].flow == In


def test_the_count_has_room_for_the_context(design: PlacedNetlist) -> None:
    shape = Accelerator(design).signature.members["stat_count"].shape
    assert max(shape) == design.graph.context


def test_nets_of_a_stream_are_named_after_it(design: PlacedNetlist) -> None:
    names = [name for c in design.channels for name in (*net_names(c), level_name(c))]
    assert len(set(names)) == 4 * len(design.channels)
    first = design.channels[0]
    assert net_names(first) == tuple(
        f"{first.name}__{part}" for part in ("payload", "valid", "ready")
    )


def test_equal_parts_and_queues_are_instances_of_one_module(design: PlacedNetlist) -> None:
    text = emit(design).verilog
    top = text[text.index("module top(") :]
    placed = re.findall(r"^  (\\\S+|\w+) +(\w+) +\($", top[: top.index("endmodule")], re.MULTILINE)
    module = {name: kind for kind, name in placed}
    served = design.placement.ports
    parts = [i for i in design.instances if i.name not in served]
    often = {part for part, count in Counter(i.part for i in parts).items() if count > 1}
    assert often
    for instance in parts:
        kind = module[instance.name]
        assert kind.startswith("\\top.") == (instance.part not in often), (instance.name, kind)
    for part in often:
        assert len({module[i.name] for i in parts if i.part == part}) < 3
    queues = [c for c in design.channels if design.queues[c.name]]
    assert all(module[queue_owner(c.name)].startswith("queue_") for c in queues)
