# SPDX-License-Identifier: Apache-2.0
"""Access to external memory through AXI4."""

from dataclasses import dataclass
from typing import ClassVar

from ....stream.axi.read_dma import ReadDma
from ....stream.axi.signature import command, write_data
from ....stream.axi.write_dma import WriteDma
from ....stream.behaviour import Behaviour
from ....stream.queue import queue_latency
from ....stream.spec import Memory, Port, Resources, Role, raw
from .spec import InfrastructureSpec

__all__ = ["BURST", "ReadDmaSpec", "WriteDmaSpec"]

BURST = 16
"""Beats of the longest burst: long enough to hide a row change, short enough to share a port."""
BURST_BITS = 50
"""Of the second burst that may wait for a port, where a DMA has several."""


@dataclass(frozen=True, kw_only=True)
class ReadDmaSpec(InfrastructureSpec):
    """Reads memory, striped over the buses that begin there.

    buffer: beats that it has room for; burst: of the longest burst
    begins: for each bus, the address of its byte 0
    outstanding: beats that may be under way at most; None: as many as there is room for
    """

    label: ClassVar[str] = "read DMA"

    beat_bits: int
    buffer: int
    burst: int = BURST
    begins: tuple[int, ...] = (0,)
    outstanding: int | None = None

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i_command", raw(command().size), Role.MEM_COMMAND),
            Port("o", raw(self.beat_bits), Role.MEM_READ),
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=4 + queue_latency(self.buffer), queued=True)

    def resources(self) -> Resources:
        stripes, most = len(self.begins), self.outstanding
        counter = most.bit_length() + 1 if most is not None and most < self.buffer else 0
        part = self.beat_bits // stripes
        memory = Memory(part, self.buffer, asynchronous=queue_latency(self.buffer) == 1)
        others = stripes - 1
        return Resources(
            luts=232 + 42 * others + 3 * counter * stripes,
            ffs=(225 if memory.asynchronous else 254 + part)
            + others * (76 if memory.asynchronous else 105 + part)
            + (counter + 1) * stripes
            + (BURST_BITS * stripes if others else 0),
            memories=(memory,) * stripes,
        )

    def create(self) -> ReadDma:
        return ReadDma(
            width=self.beat_bits,
            buffer=self.buffer,
            burst=self.burst,
            begins=self.begins,
            outstanding=self.outstanding,
        )


@dataclass(frozen=True, kw_only=True)
class WriteDmaSpec(InfrastructureSpec):
    """Writes memory, striped over the buses that begin there; fields as of ``ReadDmaSpec``."""

    label: ClassVar[str] = "write DMA"

    beat_bits: int
    burst: int = BURST
    begins: tuple[int, ...] = (0,)

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i_command", raw(command().size), Role.MEM_COMMAND),
            Port("i_data", raw(write_data(self.beat_bits).size), Role.MEM_WRITE),
            Port("o_done", raw(1), Role.MEM_DONE),
        )

    def behaviour(self) -> Behaviour:
        return Behaviour(delay=4, queued=True)

    def resources(self) -> Resources:
        stripes = len(self.begins)
        bits, part = write_data(self.beat_bits).size, write_data(self.beat_bits // stripes).size
        memory = Memory(part, 2 * self.burst, asynchronous=True)
        others = stripes - 1
        return Resources(
            luts=322 + 132 * others,
            ffs=270 + bits + 121 * others + (BURST_BITS * stripes if others else 0),
            memories=(memory,) * stripes,
        )

    def create(self) -> WriteDma:
        return WriteDma(width=self.beat_bits, burst=self.burst, begins=self.begins)
