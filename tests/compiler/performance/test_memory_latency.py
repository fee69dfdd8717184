# SPDX-License-Identifier: Apache-2.0
"""Cycles to memory and back, each term changed alone: queues, arbiter, dies and the memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from streamhw.boards.base import Die
from streamhw.compiler.fifo import MINIMUM
from streamhw.compiler.ir.levels import Netlist, PlacedNetlist
from streamhw.compiler.performance.assumptions import (
    Assumptions,
    before_sizing,
    of_placed,
    of_sized,
)
from streamhw.compiler.performance.memory_latency import (
    ANSWER,
    ARBITER,
    WRITE_ARBITER,
    read_wait,
    write_answer,
    write_wait,
)
from streamhw.stream.queue import queue_latency
from streamhw.stream.register_slice import register_slice_latency

READS, WRITES = "attention_key_read", "attention_key_append"
WAITS = ((read_wait, READS), (write_wait, WRITES), (write_answer, WRITES))
Wait = Callable[[Netlist, Assumptions, str], int]


def cycles(wait: Wait, design: PlacedNetlist, name: str) -> int:
    """Of the design as it is placed."""
    return wait(design, of_placed(design), name)


def at_ports(design: Netlist, **ports: str) -> Netlist:
    """With DMAs at other memory ports, all others at one of their own."""
    placement = design.placement
    alone = {name: (f"own_{name}",) for name in placement.ports}
    return replace(
        design,
        placement=replace(placement, ports=alone | {k: (v,) for k, v in ports.items()}),
    )


def depths(design: PlacedNetlist, beats: Mapping[str, int]) -> PlacedNetlist:
    return replace(design, queues={**design.queues, **beats})


def test_the_sum_of_a_read(design: Netlist) -> None:
    """Command queue, DMA, arbiter on both ways, memory, data queue."""
    dma = f"{READS}_dma"
    command = next(c for c in design.channels if c.name == f"{dma}_i_command")
    (answers,) = (c for c in design.channels if c.source.instance == dma)
    (port,) = design.board.ports
    assert cycles(read_wait, design, READS) == (
        queue_latency(design.queues[command.name])
        + design.instance(dma).part.behaviour().delay
        + 2 * ARBITER
        + port.latency
        + queue_latency(design.queues[answers.name])
    )


def test_the_sum_of_a_write(design: Netlist) -> None:
    """Data queue, DMA and arbiter; then memory, arbiter, DMA and the queue of the answer."""
    dma = f"{WRITES}_dma"
    depth = design.queues
    (port,) = design.board.ports
    latency = design.instance(dma).part.behaviour().delay
    there = queue_latency(depth[f"{dma}_i_data"]) + latency + WRITE_ARBITER
    assert cycles(write_wait, design, WRITES) == there
    back = port.write_latency + ARBITER + ANSWER + queue_latency(depth[f"{WRITES}_i_done"])
    assert cycles(write_answer, design, WRITES) == back


@pytest.mark.parametrize(
    ("wait", "name", "alone"),
    [(read_wait, READS, -2), (write_wait, WRITES, -2), (write_answer, WRITES, -1)],
)
def test_a_dma_that_has_its_port_alone_passes_no_arbiter(
    design: Netlist, wait: Wait, name: str, alone: int
) -> None:
    """Whether a port is shared counts for DMAs of one direction; before placement, it is."""
    dma = f"{name}_dma"
    reads, writes = "attention_value_read_dma", "attention_value_append_dma"
    alike, unlike = (reads, writes) if name == READS else (writes, reads)
    shared = cycles(wait, at_ports(design, **{dma: "p", alike: "p"}), name)
    assert cycles(wait, at_ports(design, **{dma: "p", unlike: "p"}), name) == shared + alone
    assert cycles(wait, at_ports(design), name) == shared + alone
    assert wait(design, of_sized(design), name) == shared


def test_memory_is_as_far_as_the_board_says(design: Netlist) -> None:
    (port,) = design.board.ports
    far = replace(port, latency=port.latency + 100, write_latency=port.write_latency + 7)
    there = replace(design, board=replace(design.board, ports=(far,)))
    more = [cycles(wait, there, name) - cycles(wait, design, name) for wait, name in WAITS]
    assert more == [100, 0, 7]


def test_dies_between_count_once_each_way(design: Netlist) -> None:
    """A read goes there and comes back; of a write, data goes there and the answer comes back."""
    board, placement = design.board, design.placement
    none = replace(board.budget, **dict.fromkeys(("luts", "ffs", "dsps", "block_ram"), 0))
    none = replace(none, ultra_ram=0)
    dies = (
        Die(name="a", budget=board.budget, memory=True),
        Die(name="b", budget=none),
        Die(name="c", budget=none),
    )
    board = replace(board, dies=dies)
    for apart, die in enumerate("abc"):
        places = dict.fromkeys(placement.dies, (die,))
        there = replace(design, board=board, placement=replace(placement, dies=places))
        more = [cycles(wait, there, name) - cycles(wait, design, name) for wait, name in WAITS]
        slices = register_slice_latency(apart) if apart else 0
        assert more == [2 * slices, slices, slices]


def test_queues_count_as_deep_as_they_are(design: Netlist) -> None:
    """Before sizes are known, commands and data wait in the smallest queue, answers in none."""
    dma = f"{WRITES}_dma"
    names = (f"{READS}_dma_i_command", f"{dma}_i_data", f"{WRITES}_i_done")
    shallow, deep = (depths(design, dict.fromkeys(names, n)) for n in (2, 4096))
    more = queue_latency(4096) - queue_latency(2)
    assert more > 0
    for wait, name in WAITS:
        assert cycles(wait, deep, name) - cycles(wait, shallow, name) == more
    unsized = before_sizing(design)
    least = depths(design, {names[0]: MINIMUM, names[1]: MINIMUM, names[2]: 0})
    assert [wait(design, unsized, name) for wait, name in WAITS] == [
        cycles(wait, least, name) for wait, name in WAITS
    ]
