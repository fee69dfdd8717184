# SPDX-License-Identifier: Apache-2.0
"""Gathers rows of a table in memory by their indices: an embedding."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.axi.signature import ADDRESS_WIDTH, command, command_word
from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import ITensor, Loop, Symbol, SymbolValues, row_major
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing, raw
from .row_layout import COMMAND_LATENCY, RowLayout

__all__ = ["GatherKernel", "GatherSpec"]


@dataclass(frozen=True, kw_only=True)
class GatherSpec(KernelSpec):
    """One read command for each index, and the rows that come back, without their padding.

    A row is ``features`` elements from low bits to high, padded with anything to a whole memory
    beat; row ``i`` begins at byte ``cfg_base + offset + i * row_bytes``. Connect o_command and
    i_data to a read DMA.

    Shapes      i_index: [tokens]; o_command: one a token, layout ``command()``; i_data: row_beats
                memory beats a token; o: [tokens, features] row-major, ``lanes`` a beat
    Formats     i_index: unsigned, below ``rows``; table: ``fmt``; o: ``out``, the same numbers:
                codes moved left by wires
    Parameters  tokens: bound; rows, features: extent of the table; lanes: divides features;
                fmt: of an element; out: at least as fine and as wide as fmt, or None: fmt;
                width: bits of a memory beat, multiple of lanes * fmt.width;
                offset: byte offset of the table, multiple of the bytes of a beat
    Members     cfg_base: In(40), byte address that offsets count from, stable while indices come
    Timing      interval = tokens * features / lanes, if memory keeps up; 4 cycles from an index
                to its command; latency = 2 from a memory beat to its first elements
    Buffers     3 memory beats; 5 commands in the queue of the credit bracket
    Error       none: elements pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if lanes, width or offset are not as above
    Source      none: an address and a shift register
    """

    tokens: int
    rows: int
    features: int
    lanes: int
    fmt: Fixed
    width: int
    offset: int = 0
    out: Fixed | None = None

    def __post_init__(self) -> None:
        if self.shift < 0 or self.result.width < self.fmt.width + self.shift:
            raise ValueError(f"out must hold every {self.fmt}, not {self.result}")
        if self.rows < 1:
            raise ValueError(f"rows must be at least 1, not {self.rows}")
        _ = self.row  # checks the rest

    def located(self, offset: int) -> Self:
        return replace(self, offset=offset)

    @property
    def result(self) -> Fixed:
        """Format of the output."""
        return self.out or self.fmt

    @property
    def shift(self) -> int:
        """Bits by which codes move left."""
        return self.result.frac - self.fmt.frac

    @property
    def row(self) -> RowLayout:
        """How a row lies in memory."""
        return RowLayout(
            elements=self.features,
            bits=self.fmt.width,
            lanes=self.lanes,
            width=self.width,
            offset=self.offset,
        )

    @property
    def row_beats(self) -> int:
        """Memory beats of a row."""
        return self.row.row_beats

    @property
    def row_bytes(self) -> int:
        """Bytes from a row to the next."""
        return self.row.row_bytes

    @property
    def ports(self) -> tuple[Port, ...]:
        tokens = Symbol("tokens", self.tokens)
        index = Fixed(bits_for(self.rows - 1), signed=False)
        return (
            Port("i_index", ITensor(index, (1,), (Loop(tokens, 1, 0),))),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("i_data", raw(self.width), Role.MEM_READ),
            Port("o", row_major(self.result, (tokens, self.features), self.lanes)),
        )

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {
            "o_command": Out(stream.Signature(command())),
            "cfg_base": In(ADDRESS_WIDTH),
        }

    def pack_row(self, row: NDArray[np.int64]) -> list[int]:
        """The memory beats of one row of the table."""
        mask = (1 << self.fmt.width) - 1
        bits = sum((int(v) & mask) << (i * self.fmt.width) for i, v in enumerate(row))
        word = (1 << self.width) - 1
        return [(bits >> (i * self.width)) & word for i in range(self.row_beats)]

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """Elements from the memory beats ``i_data``; commands relative to a base of 0."""
        index = [int(i) for i in inputs["i_index"]]
        beats = np.asarray(inputs["i_data"], dtype=object).reshape(len(index), self.row_beats)
        codes = np.zeros((len(index), self.features), dtype=np.int64)
        for t, row in enumerate(beats):
            bits = sum(int(word) << (i * self.width) for i, word in enumerate(row))
            for f in range(self.features):
                code = (bits >> (f * self.fmt.width)) & ((1 << self.fmt.width) - 1)
                codes[t, f] = code - (int(code > self.fmt.maximum) << self.fmt.width)
        commands = [command_word(self.offset + i * self.row_bytes, self.row_beats) for i in index]
        return {"o": codes << self.shift, "o_command": np.asarray(commands, dtype=object)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        tokens = symbol_values.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        return self.row.timing(int(tokens))

    def behaviour(self) -> Behaviour:
        return Behaviour(memory=MemoryUse(asking=credit_latency(COMMAND_LATENCY)))

    def resources(self) -> Resources:
        index = self.port("i_index").type.fmt.width
        bytes_width = self.row_bytes.bit_length()
        queue = credit_memory(command(), COMMAND_LATENCY)
        unpack = self.row.unpack_resources()
        return Resources(
            luts=unpack.luts + ADDRESS_WIDTH,
            ffs=unpack.ffs + 2 * ADDRESS_WIDTH + index + 54,
            picks=unpack.picks,
            multipliers=() if self.row_bytes.bit_count() == 1 else ((index, bytes_width),),
            memories=(queue,) if queue else (),
        )

    def create(self) -> "GatherKernel":
        return GatherKernel(spec=self)


class GatherKernel(wiring.Component):
    """Hardware of ``GatherSpec``."""

    def __init__(self, *, spec: GatherSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=command(), latency=COMMAND_LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o_command))
        busy = Signal(COMMAND_LATENCY)
        index = Signal.like(self.i_index.p[0], reset_less=True)
        product = Signal(len(index) + spec.row_bytes.bit_length(), reset_less=True)
        origin = Signal(ADDRESS_WIDTH, reset_less=True)
        address = Signal(ADDRESS_WIDTH, reset_less=True)
        m.d.sync += [
            Cat(busy).eq(Cat(credit.enter, busy)),
            index.eq(self.i_index.p[0]),
            product.eq(index * spec.row_bytes),
            origin.eq(self.cfg_base + spec.offset),
            address.eq(origin + product),
        ]
        m.d.comb += [
            self.i_index.ready.eq(credit.may_enter),
            credit.enter.eq(self.i_index.valid & credit.may_enter),
            credit.i_payload.address.eq(address),
            credit.i_payload.beats.eq(spec.row_beats),
            credit.i_valid.eq(busy[-1]),
        ]

        parts = spec.row.unpacked(m, self.i_data, self.o)
        for lane in range(spec.lanes):
            code = parts.word_select(lane, spec.fmt.width)
            code = code.as_signed() if spec.fmt.signed else code
            m.d.comb += self.o.p[lane].eq(code << spec.shift)
        return m
