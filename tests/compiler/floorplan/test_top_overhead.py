# SPDX-License-Identifier: Apache-2.0
"""Estimates of what the top adds to the parts, beside the cells that Yosys counts."""

from dataclasses import replace

import pytest
from amaranth.back import verilog
from amaranth.lib import wiring

from streamhw.boards.base import Family, load_board
from streamhw.compiler.floorplan import top_overhead as fixed
from streamhw.compiler.ir.infrastructure import WriteDmaSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.netlist import Channel
from streamhw.compiler.ir.serving import is_dma
from streamhw.compiler.resources.fpga_cells import cells_of
from streamhw.stream.axi.arbiter import ReadArbiter, WriteArbiter
from streamhw.stream.axi.control_slave import ControlSlave
from streamhw.stream.axi.event_counters import EventCounters
from streamhw.stream.axi.fault_record import FaultRecord
from streamhw.stream.axi.read_guard import ReadGuard
from streamhw.stream.axi.recovery import Recovery
from streamhw.stream.axi.write_guard import WriteGuard
from streamhw.stream.handshake_choice import HandshakeChoice
from streamhw.stream.queue import Queue
from streamhw.stream.spec import Resources, raw
from streamhw.synthesis.yosys import count_modules


def queue(channel: Channel, width: int, depth: int) -> Resources:
    type = raw(width)
    return fixed.queue_of(replace(channel, produced=type, consumed=type), depth)


def test_estimates_are_near_the_count(design: PlacedNetlist) -> None:
    channel = design.channels[0]
    parts = {i.name: i.part for i in design.instances}
    board = load_board("ulx3s")
    at_one = replace(design, board=replace(design.board, ports=board.ports))
    masters = {i.name: ("mem0",) for i in design.instances if is_dma(i)}
    arbiters = fixed.arbiters(at_one, masters)
    guards, registers = fixed.guards(at_one, masters), fixed.control(at_one)
    writes = sum(isinstance(parts[name], WriteDmaSpec) for name in masters)
    counted: dict[str, tuple[wiring.Component, Resources]] = {
        "control": (ControlSlave(context=32, token_width=6), registers[fixed.CONTROL]),
        "counters": (EventCounters(ports=len(board.ports)), registers[fixed.COUNTERS]),
        "observer": (
            HandshakeChoice(numbers=range(len(design.channels))),
            *fixed.observers(design, design.placement.dies).values(),
        ),
        "recovery": (Recovery(), registers[fixed.RECOVERY]),
        "faults": (FaultRecord(ports=len(board.ports)), guards[fixed.FAULT_RECORD]),
        "read_guard": (ReadGuard(width=board.ports[0].width), guards["mem0_read_guard"]),
        "write_guard": (WriteGuard(width=board.ports[0].width), guards["mem0_write_guard"]),
        "reads": (
            ReadArbiter(masters=len(masters) - writes, width=128),
            arbiters["mem0_read_arbiter"],
        ),
        "writes": (WriteArbiter(masters=writes, width=128), arbiters["mem0_write_arbiter"]),
        "shallow": (Queue(shape=64, depth=2), queue(channel, 64, 2)),
        "middle": (Queue(shape=64, depth=16), queue(channel, 64, 16)),
        "deep": (Queue(shape=64, depth=400), queue(channel, 64, 400)),
    }
    texts = [
        verilog.convert(part, name=name, emit_src=False, strip_internal_attrs=True)
        for name, (part, _) in counted.items()
    ]
    instances = "\n".join(f"(* keep *) {name} u_{name}();" for name in counted)
    counts = count_modules(
        "\n".join([*texts, f"module top();\n{instances}\nendmodule\n"]), Family.ECP5
    )
    for name, (_, resources) in counted.items():
        estimated = cells_of(resources, Family.ECP5)
        assert counts[name].luts == pytest.approx(estimated.luts, rel=0.25), name
        assert counts[name].ffs == pytest.approx(estimated.ffs, rel=0.2, abs=8), name
        assert counts[name].block_ram == estimated.block_ram, name


def test_one_master_has_no_arbiter(design: PlacedNetlist) -> None:
    assert fixed.arbiters(design, {"parameter_reader_dma": ("mem0",)}) == {}


def test_each_port_has_guards_of_what_it_has(design: PlacedNetlist) -> None:
    reader, writer = "parameter_reader_dma", "attention_key_append_dma"
    record = fixed.FAULT_RECORD
    assert set(fixed.guards(design, {reader: ("mem0",)})) == {"mem0_read_guard", record}
    assert set(fixed.guards(design, {writer: ("mem0",)})) == {"mem0_write_guard", record}
    both = fixed.guards(design, {writer: ("mem0",), reader: ("mem0",)})
    assert set(both) == {"mem0_read_guard", "mem0_write_guard", record}


def test_a_wire_has_no_cells(design: PlacedNetlist) -> None:
    assert queue(design.channels[0], 64, 0) == Resources()
    assert queue(design.channels[0], 64, 1) == Resources(ffs=66)
