# SPDX-License-Identifier: Apache-2.0
"""Key/value cache in memory: where the rows of each head lie, and what its two kernels share."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ...numerics.element_format import integer_format
from ...numerics.fixed import Fixed
from ...stream.axi.signature import ADDRESS_WIDTH, command
from ...stream.control.step_layout import step_layout
from ...stream.spec import KernelSpec, Tensors

__all__ = ["CacheKernelSpec", "CacheLayout"]


@dataclass(frozen=True, kw_only=True)
class CacheLayout:
    """Bytes of a cache: [layer][group of ``parallel_heads`` heads][position][parallel_heads *
    head_dim].

    A position's row is padded to ``pitch`` bytes, so that a memory beat holds a power of two of
    them, or a row a number of beats; a group is padded to whole beats. Elements of 4 bits fill a
    byte from its low end; a row begins with a byte.

    heads, head_dim: of the cache; parallel_heads: heads of a row, divides heads
    context, layers: bounds; width: bits of a memory beat, 8 times a power of two
    bits: of an element, 4 or 8
    """

    heads: int
    head_dim: int
    context: int
    layers: int
    width: int
    parallel_heads: int = 1
    bits: int = 8

    def __post_init__(self) -> None:
        beat = self.beat_bytes
        if self.width % 8 or beat & (beat - 1):
            raise ValueError(f"width must be 8 times a power of two, not {self.width}")
        if self.parallel_heads < 1 or self.heads % self.parallel_heads:
            raise ValueError(
                f"parallel_heads must divide the {self.heads} heads, not {self.parallel_heads}"
            )
        if self.bits not in (4, 8):
            raise ValueError(f"bits must be 4 or 8, not {self.bits}")

    @property
    def beat_bytes(self) -> int:
        """Bytes of a memory beat."""
        return self.width // 8

    @property
    def beat_elements(self) -> int:
        """Elements that a memory beat has room for."""
        return self.width // self.bits

    @property
    def groups(self) -> int:
        """Rows of a position."""
        return self.heads // self.parallel_heads

    @property
    def elements(self) -> int:
        """Of a row: what parallel heads have at one position."""
        return self.parallel_heads * self.head_dim

    @property
    def row(self) -> int:
        """Bytes of a row."""
        return self.bytes_of(self.elements)

    @property
    def pitch(self) -> int:
        """Bytes from one row to the next."""
        if self.row > self.beat_bytes:
            return -(-self.row // self.beat_bytes) * self.beat_bytes
        return 1 << (self.row - 1).bit_length()

    @property
    def unit(self) -> int:
        """Elements of a row within one memory beat."""
        return min(self.elements, self.beat_elements)

    @property
    def row_beats(self) -> int:
        """Memory beats of a row; one with others in it counts."""
        return max(1, self.pitch // self.beat_bytes)

    @property
    def beat_rows(self) -> int:
        """Rows of a memory beat; one that begins in it counts."""
        return max(1, self.beat_bytes // self.pitch)

    @property
    def group_bytes(self) -> int:
        """Bytes of all positions of one group of heads."""
        return self.beats(self.context) * self.beat_bytes

    @property
    def size(self) -> int:
        """Bytes of the whole cache."""
        return self.layers * self.groups * self.group_bytes

    def bytes_of(self, elements: int) -> int:
        """Bytes that so many elements of a row take."""
        return -(-elements * self.bits // 8)

    def pack(self, codes: NDArray[np.int64]) -> bytes:
        """The bytes of elements of a row."""
        return integer_format(self.bits).pack(codes.astype(np.int8)[None]).tobytes()

    def unpack(self, content: bytes) -> NDArray[np.int64]:
        """The elements [rows, elements] of rows with their padding."""
        rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, self.pitch)[:, : self.row]
        each = 8 // self.bits
        codes = np.repeat(rows, each, axis=1) >> np.tile(np.arange(each) * self.bits, self.row)
        half = 1 << self.bits - 1
        found = ((codes.astype(np.int64) & 2 * half - 1) ^ half) - half
        return np.asarray(found[:, : self.elements])

    def beats(self, length: int) -> int:
        """Memory beats that have the first ``length`` rows of a group."""
        return -(-length // self.beat_rows) * self.row_beats

    def whole_beats(self, length: int) -> int:
        """Those of them that have no other row."""
        return length // self.beat_rows * self.row_beats

    def address(self, *, layer: int, group: int, position: int) -> int:
        """First byte of a row, counted from the cache's own."""
        return (layer * self.groups + group) * self.group_bytes + position * self.pitch


@dataclass(frozen=True, kw_only=True)
class CacheKernelSpec(KernelSpec):
    """What the kernels of a cache share: its layout, steps and commands.

    heads, head_dim, context, layers, width, parallel_heads: as of ``CacheLayout``; tokens: bound of
    a step; lanes: elements of a beat of rows; offset: byte of the cache, counted from cfg_base;
    bits: of an element
    """

    heads: int
    head_dim: int
    context: int
    layers: int
    tokens: int
    lanes: int
    width: int
    offset: int = 0
    parallel_heads: int = 1
    bits: int = 8

    def __post_init__(self) -> None:
        beat = self.layout.beat_bytes
        if self.offset % beat or self.offset < 0:
            raise ValueError(f"offset must be a multiple of {beat} bytes, not {self.offset}")

    def located(self, offset: int) -> Self:
        return replace(self, offset=offset)

    @property
    def layout(self) -> CacheLayout:
        """Where rows lie, counted from ``offset``."""
        return CacheLayout(
            heads=self.heads,
            head_dim=self.head_dim,
            context=self.context,
            layers=self.layers,
            width=self.width,
            parallel_heads=self.parallel_heads,
            bits=self.bits,
        )

    @property
    def element(self) -> Fixed:
        """Format of the elements."""
        return Fixed(self.bits)

    @property
    def step(self) -> data.StructLayout:
        """Layout of i_step."""
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {
            "i_step": In(stream.Signature(self.step)),
            "o_command": Out(stream.Signature(command())),
            "cfg_base": In(ADDRESS_WIDTH),
        }

    def step_of(self, inputs: Tensors) -> dict[str, int]:
        """The step in the inputs of a golden."""
        constant = self.step.from_bits(int(np.asarray(inputs["i_step"], dtype=object).flat[0]))
        return {name: int(constant[name]) for name in ("tail", "tokens", "position", "layer")}
