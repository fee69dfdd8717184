# SPDX-License-Identifier: Apache-2.0
"""Cycles between a part and external memory: queues, DMA, arbiter, die crossings, memory itself."""

from ...stream.register_slice import register_slice_latency
from ...stream.spec import Role
from ..ir.levels import Netlist
from ..ir.serving import dma_serving
from .assumptions import Assumptions

__all__ = ["read_wait", "write_answer", "write_wait"]

ARBITER = 1
"""Cycles that an arbiter adds to an address of a read, and to each answer."""
WRITE_ARBITER = 3
"""Cycles from a write's address to its data, through an arbiter: the order comes with it."""
ADDRESS = 1
"""Cycles from a write's address to its data, where nothing is between."""
ANSWER = 1
"""Cycles from memory's answer to a write to the DMA's own."""


def read_wait(design: Netlist, assumptions: Assumptions, name: str) -> int:
    """From a command that the part ``name`` offers to the first beat that it may take."""
    dma = dma_serving(design.instances, name).name
    (answers,) = design.out_of(dma)
    bus = 2 * (_crossings(assumptions, dma) + ARBITER * (dma in assumptions.shared))
    return (
        _queue_latency(design, assumptions, dma, Role.MEM_COMMAND)
        + design.instance(dma).part.behaviour().delay
        + bus
        + int(design.board.ports[0].latency)
        + assumptions.queue_latency[answers.name]
    )


def write_wait(design: Netlist, assumptions: Assumptions, name: str) -> int:
    """From a write that the part ``name`` offers to its data at memory."""
    dma = dma_serving(design.instances, name).name
    return (
        _queue_latency(design, assumptions, dma, Role.MEM_WRITE)
        + design.instance(dma).part.behaviour().delay
        + _crossings(assumptions, dma)
        + (WRITE_ARBITER if dma in assumptions.shared else ADDRESS)
    )


def write_answer(design: Netlist, assumptions: Assumptions, name: str) -> int:
    """From the last data of a write at memory to the answer that the part ``name`` may take."""
    dma = dma_serving(design.instances, name).name
    return (
        int(design.board.ports[0].write_latency)
        + ARBITER * (dma in assumptions.shared)
        + _crossings(assumptions, dma)
        + ANSWER
        + _queue_latency(design, assumptions, name, Role.MEM_DONE)
    )


def _queue_latency(design: Netlist, assumptions: Assumptions, sink: str, role: Role) -> int:
    """Cycles of the queue of the stream into a part's port of that role."""
    instance = design.instance(sink)
    channel = next(c for c in design.into(sink) if instance.port(c.sink.port).role is role)
    return assumptions.queue_latency[channel.name]


def _crossings(assumptions: Assumptions, dma: str) -> int:
    """Cycles of the register slices between a DMA's die and memory's."""
    boundaries = assumptions.boundaries[dma]
    return register_slice_latency(boundaries) if boundaries else 0
