# SPDX-License-Identifier: Apache-2.0
"""Reads the angles of a step's positions from a table in memory, for rotary embeddings."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ...numerics.rotary_tables import ANGLE_WORD
from ...stream.axi.signature import ADDRESS_WIDTH, command, command_word
from ...stream.behaviour import Behaviour, MemoryUse
from ...stream.control.step_layout import step_layout
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.itensor import Symbol, SymbolValues, row_major
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing, raw
from .row_layout import COMMAND_LATENCY, RowLayout

__all__ = ["AnglesKernel", "AnglesSpec"]


@dataclass(frozen=True, kw_only=True)
class AnglesSpec(KernelSpec):
    """One read command for the consecutive positions of a step, and the rows that come back.

    A row holds ``pairs`` words, padded to whole memory beats. Row p of a layer begins at byte
    ``cfg_base + offset + (layer * context if layered else 0 + p) * row_bytes``. A step with
    ``tail`` is passed over. Connect o_command and i_data to a read DMA.

    Shapes      i_step, o_command: one a token batch; i_data: row_beats memory beats a
                token; o: [tokens, pairs] row-major, ``lanes`` a beat
    Formats     i_step: ``step_layout``; o_command: ``command()``; o: words of 32 bits
    Parameters  tokens, context, layers: bounds; pairs: words of a row; lanes: divides pairs;
                layered: whether each layer has its own table; width: bits of a memory beat,
                multiple of 32 * lanes; offset: byte of the table, multiple of a beat's bytes
    Members     cfg_base: In(40), byte address that offsets count from, stable while steps pass
    Timing      interval = tokens * pairs / lanes, if memory keeps up; 4 cycles from a step to its
                command; latency = 2 from a memory beat to its first words
    Buffers     3 memory beats; 5 commands in the queue of the credit bracket
    Error       none: words pass as they are
    Stalls      lossless; no combinational path from a valid to an output's valid or from a ready
                to an input's ready
    Raises      ValueError: if lanes, width or offset are not as above
    Source      none: an address and a shift register
    """

    tokens: int
    context: int
    layers: int
    pairs: int
    lanes: int
    width: int
    layered: bool = False
    offset: int = 0

    def __post_init__(self) -> None:
        _ = self.row  # checks lanes, width and offset

    def located(self, offset: int) -> Self:
        return replace(self, offset=offset)

    @property
    def row(self) -> RowLayout:
        """How a row lies in memory."""
        return RowLayout(
            elements=self.pairs,
            bits=ANGLE_WORD.width,
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
    def table_bytes(self) -> int:
        """Bytes of the rows of all positions."""
        return self.context * self.row_bytes

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return self.table_bytes * (self.layers if self.layered else 1)

    @property
    def step(self) -> data.StructLayout:
        """Layout of i_step."""
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    @property
    def ports(self) -> tuple[Port, ...]:
        shape = (Symbol("tokens", self.tokens), self.pairs)
        return (
            Port("i_step", raw(self.step.size), Role.STEP),
            Port("o_command", raw(command().size), Role.MEM_COMMAND),
            Port("i_data", raw(self.width), Role.MEM_READ),
            Port("o", row_major(ANGLE_WORD, shape, self.lanes)),
        )

    def members(self) -> dict[str, wiring.Member]:
        return super().members() | {
            "i_step": In(stream.Signature(self.step)),
            "o_command": Out(stream.Signature(command())),
            "cfg_base": In(ADDRESS_WIDTH),
        }

    def pack(self, words: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Bytes of rows [rows, pairs] as they lie in memory."""
        rows = np.zeros((len(words), self.row_bytes), dtype=np.uint8)
        rows[:, : 4 * self.pairs] = words.astype("<u4").view(np.uint8)
        return rows.reshape(-1)

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        """Words of the memory beats ``i_data``; the command relative to a base of 0."""
        code = int(np.asarray(inputs["i_step"], dtype=object).flat[0])
        step = self.step.from_bits(code)
        words = [int(w) for w in np.asarray(inputs["i_data"], dtype=object).flat]
        content = b"".join(w.to_bytes(self.width // 8, "little") for w in words)
        rows = np.frombuffer(content, dtype="<u4").reshape(-1, self.row_bytes // 4)
        row = int(step["position"]) + (int(step["layer"]) * self.context if self.layered else 0)
        sent = command_word(
            self.offset + row * self.row_bytes, int(step["tokens"]) * self.row_beats
        )
        return {
            "o": rows[:, : self.pairs].astype(np.int64),
            "o_command": np.array([sent], dtype=object),
        }

    def timing(self, symbol_values: SymbolValues) -> Timing:
        tokens = symbol_values.get("tokens", self.tokens)
        assert isinstance(tokens, int | np.integer)
        return self.row.timing(int(tokens))

    def behaviour(self) -> Behaviour:
        return Behaviour(memory=MemoryUse(asking=credit_latency(COMMAND_LATENCY)))

    def resources(self) -> Resources:
        step, queue = self.step.size, credit_memory(command(), COMMAND_LATENCY)
        products = [(self.step["position"].width, self.row_bytes)]
        if self.layered:
            products.append((self.step["layer"].width, self.table_bytes))
        multipliers = tuple(
            (width, factor.bit_length()) for width, factor in products if factor.bit_count() > 1
        )
        unpack = self.row.unpack_resources()
        return Resources(
            luts=unpack.luts + 2 * ADDRESS_WIDTH + 5,
            # Products are as wide as the table is long.
            ffs=unpack.ffs + 4 * self.table_bytes.bit_length() + step + 54,
            picks=unpack.picks,
            multipliers=multipliers,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "AnglesKernel":
        return AnglesKernel(spec=self)


class AnglesKernel(wiring.Component):
    """Hardware of ``AnglesSpec``."""

    def __init__(self, *, spec: AnglesSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(shape=command(), latency=COMMAND_LATENCY)
        wiring.connect(m, credit.o, wiring.flipped(self.o_command))
        busy = Signal(COMMAND_LATENCY)
        step = Signal(spec.step, reset_less=True)
        position, layer, address = (
            Signal(ADDRESS_WIDTH, name=name, reset_less=True)
            for name in ("position", "layer", "address")
        )
        beats = [
            Signal(command()["beats"].shape, name=f"beats_{i}", reset_less=True) for i in range(2)
        ]
        m.d.sync += [
            Cat(busy).eq(Cat(credit.enter, busy)),
            step.eq(self.i_step.p),
            position.eq(step.position * spec.row_bytes),
            layer.eq(step.layer * spec.table_bytes if spec.layered else 0),
            address.eq(self.cfg_base + spec.offset + position + layer),
            beats[0].eq(step.tokens * spec.row_beats),
            beats[1].eq(beats[0]),
        ]
        m.d.comb += [
            self.i_step.ready.eq(credit.may_enter),
            credit.enter.eq(self.i_step.valid & credit.may_enter & ~self.i_step.p.tail),
            credit.i_payload.address.eq(address),
            credit.i_payload.beats.eq(beats[1]),
            credit.i_valid.eq(busy[-1]),
        ]
        m.d.comb += self.o.p.as_value().eq(spec.row.unpacked(m, self.i_data, self.o))
        return m
