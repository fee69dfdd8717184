# SPDX-License-Identifier: Apache-2.0
"""How a row of a table lies in memory, and what it costs to read rows by their commands."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Value

from ...stream.credit import credit_latency
from ...stream.spec import Resources, Timing
from ...stream.unpacker import Unpacker, unpack_drain, unpack_resources

__all__ = ["COMMAND_LATENCY", "RowLayout"]

COMMAND_LATENCY = 3
"""Registers from what names a row to its command: name, product, address."""


@dataclass(frozen=True, kw_only=True)
class RowLayout:
    """A row of ``elements``, from low bits to high, padded to whole memory beats.

    elements: of a row; bits: of an element; lanes: elements a beat of the stream, divides elements
    width: bits of a memory beat, whole bytes and a multiple of lanes * bits
    offset: byte of the first row, multiple of a beat's bytes

    Raises   ValueError: if lanes, width or offset are not as above
    """

    elements: int
    bits: int
    lanes: int
    width: int
    offset: int

    def __post_init__(self) -> None:
        if self.lanes < 1 or self.elements % self.lanes:
            raise ValueError(f"lanes must divide {self.elements} elements, not {self.lanes}")
        if self.width < 1 or self.width % 8 or self.width % self.part:
            raise ValueError(
                f"width must be a multiple of {self.part} bits and 8, not {self.width}"
            )
        if self.offset % (self.width // 8) or self.offset < 0:
            raise ValueError(
                f"offset must be a multiple of {self.width // 8} bytes, not {self.offset}"
            )

    @property
    def part(self) -> int:
        """Bits of a memory beat that are one beat of the stream."""
        return self.lanes * self.bits

    @property
    def beats(self) -> int:
        """Beats of the stream in a row."""
        return self.elements // self.lanes

    @property
    def row_beats(self) -> int:
        """Memory beats of a row."""
        return -(-self.elements * self.bits // self.width)

    @property
    def row_bytes(self) -> int:
        """Bytes from a row to the next."""
        return self.row_beats * self.width // 8

    def timing(self, rows: int) -> Timing:
        """Cycles of reading so many rows, if memory keeps up."""
        # where a row is only one or two beats, its command is the last to come
        late = credit_latency(COMMAND_LATENCY) - Unpacker.latency - rows * (self.beats - 1)
        return Timing(
            latency=Unpacker.latency,
            interval=rows * self.beats,
            drain=unpack_drain([self.beats] * rows, parts=self.width // self.part) + max(0, late),
        )

    def unpacked(self, m: Module, memory: Any, out: Any) -> Value:
        """Connects an unpacker between a stream of memory beats and one of parts of rows.

        Returns   the bits of the part; what they mean as payload of ``out`` is the caller's
        """
        m.submodules.unpack = unpack = Unpacker(width=self.width, part=self.part, bound=self.beats)
        m.d.comb += [
            unpack.i.p.eq(memory.p[0]),
            unpack.i.valid.eq(memory.valid),
            memory.ready.eq(unpack.i.ready),
            unpack.i_count.p.eq(self.beats),
            unpack.i_count.valid.eq(1),
            out.valid.eq(unpack.o.valid),
            unpack.o.ready.eq(out.ready),
        ]
        return unpack.o.p

    def unpack_resources(self) -> Resources:
        """Of what turns memory beats into beats of the stream."""
        return unpack_resources(width=self.width, part=self.part, bound=self.beats)
