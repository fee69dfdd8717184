# SPDX-License-Identifier: Apache-2.0
"""Cycles between a part and external memory: queues, DMA, arbiter, die crossings, memory itself."""

from ...stream.queue import queue_latency
from ...stream.register_slice import register_slice_latency
from ...stream.spec import Role
from ..fifo import MINIMUM
from ..ir.levels import Netlist, PlacedNetlist, SizedNetlist
from ..ir.serving import dma_serving, is_write_dma

__all__ = ["read_wait", "write_answer", "write_wait"]

ARBITER = 1
"""Cycles that an arbiter adds to an address of a read, and to each answer."""
WRITE_ARBITER = 3
"""Cycles from a write's address to its data, through an arbiter: the order comes with it."""
ADDRESS = 1
"""Cycles from a write's address to its data, where nothing is between."""
ANSWER = 1
"""Cycles from memory's answer to a write to the DMA's own."""


def read_wait(design: Netlist, name: str) -> int:
    """From a command that the part ``name`` offers to the first beat that it may take."""
    dma = dma_serving(design.instances, name).name
    bus = 2 * (_crossings(design, dma) + ARBITER * _is_shared(design, dma, writes=False))
    return (
        _queue_latency(design, dma, Role.MEM_COMMAND, MINIMUM)
        + design.instance(dma).part.behaviour().delay
        + bus
        + int(design.board.ports[0].latency)
        + _data_latency(design, dma)
    )


def write_wait(design: Netlist, name: str) -> int:
    """From a write that the part ``name`` offers to its data at memory."""
    dma = dma_serving(design.instances, name).name
    shared = _is_shared(design, dma, writes=True)
    return (
        _queue_latency(design, dma, Role.MEM_WRITE, MINIMUM)
        + design.instance(dma).part.behaviour().delay
        + _crossings(design, dma)
        + (WRITE_ARBITER if shared else ADDRESS)
    )


def write_answer(design: Netlist, name: str) -> int:
    """From the last data of a write at memory to the answer that the part ``name`` may take."""
    dma = dma_serving(design.instances, name).name
    return (
        int(design.board.ports[0].write_latency)
        + ARBITER * _is_shared(design, dma, writes=True)
        + _crossings(design, dma)
        + ANSWER
        + _queue_latency(design, name, Role.MEM_DONE, 0)
    )


def _queue_latency(design: Netlist, sink: str, role: Role, unsized: int) -> int:
    """Cycles of the queue of a stream into a part; ``unsized``: its depth where there is none."""
    instance = design.instance(sink)
    channel = next(c for c in design.into(sink) if instance.port(c.sink.port).role is role)
    return queue_latency(channel.depth if isinstance(design, SizedNetlist) else unsized)


def _data_latency(design: Netlist, dma: str) -> int:
    """Cycles of the queue behind a DMA that reads."""
    (channel,) = design.out_of(dma)
    return queue_latency(channel.depth)


def _is_shared(design: Netlist, dma: str, *, writes: bool) -> bool:
    """Whether other DMAs of its direction are at a port of a DMA; before placement, they are."""
    if not isinstance(design, PlacedNetlist):
        return True
    ports = design.placement.ports
    alike = {i.name for i in design.instances if is_write_dma(i) is writes}
    return any(name != dma and name in alike and set(at) & set(ports[dma])
               for name, at in ports.items())  # fmt: skip


def _crossings(design: Netlist, dma: str) -> int:
    """Cycles of the register slices between a DMA's die and memory's."""
    board = design.board
    if not isinstance(design, PlacedNetlist) or not board.dies:
        return 0
    names = [die.name for die in board.stack]
    apart = abs(names.index(design.placement.dies[dma][0]) - names.index(board.memory_die))
    return register_slice_latency(apart) if apart else 0
