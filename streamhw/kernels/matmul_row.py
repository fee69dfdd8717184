# SPDX-License-Identifier: Apache-2.0
"""One output row of the matmul engine: multipliers, adder tree, group multiplier, accumulators."""

from amaranth.back import verilog
from amaranth.hdl import ClockSignal, Instance, Module, Mux, ResetSignal, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["MatmulRow", "RowInstance", "tree_levels"]


def tree_levels(inputs: int) -> int:
    """Adder levels that sum ``inputs`` products."""
    return (inputs - 1).bit_length()


class MatmulRow(wiring.Component):
    """A dot product of ``inputs`` lanes a cycle, added to one of several accumulators.

    ::

        weight register --+
        x --------------- * --register-- adder tree --(x m)--register-- + --> accumulator [address]
                                        (a register a level)            ^-------- comb read -----+

    All rows run in lockstep: the engine computes addresses and enables once for all of them.

    Parameters  inputs: lanes; weight_bits: 4 or 8; grouped: with a group multiplier;
                width: accumulator bits; depth: accumulators (a power of two)
    Members     load, weight: new weights for the register; x: lanes of the beat in stage 0;
                valid: bit s enables the registers at the end of stage s; m: group multiplier of the
                beat in stage ``1 + levels``; first, at: whether the beat in the last stage
                overwrites its accumulator, and which; read: address of ``o``; o: accumulator, comb
    Timing      a beat in stage 0 is in its accumulator after ``stages + 1`` cycles
    """

    def __init__(self, *, inputs: int, weight_bits: int, grouped: bool, width: int, depth: int):
        self._inputs = inputs
        self._weight_bits = weight_bits
        self._grouped = grouped
        self._width = width
        self._depth = depth
        self.stages = 1 + tree_levels(inputs) + int(grouped)
        members = {
            "load": In(1),
            "weight": In(inputs * weight_bits),
            "x": In(inputs * 8),
            "valid": In(self.stages + 1),
            "first": In(1),
            "at": In(range(depth)),
            "read": In(range(depth)),
            "o": Out(signed(width)),
        }
        if grouped:
            members["m"] = In(unsigned(8))
        super().__init__(members)

    @property
    def module(self) -> str:
        """Name of the Verilog module: all parameters, so that equal names are equal modules."""
        group = "g" if self._grouped else ""
        return f"matmul_row_{self._inputs}x{self._weight_bits}{group}_{self._width}x{self._depth}"

    def verilog(self) -> str:
        """Text of the Verilog module."""
        return verilog.convert(self, name=self.module, emit_src=False, strip_internal_attrs=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(self._inputs * self._weight_bits)
        with m.If(self.load):
            m.d.sync += held.eq(self.weight)

        level = []
        for k in range(self._inputs):
            product = Signal(signed(8 + self._weight_bits), name=f"product_{k}")
            code = held.word_select(k, self._weight_bits).as_signed()
            with m.If(self.valid[0]):
                m.d.sync += product.eq(self.x.word_select(k, 8).as_signed() * code)
            level.append(product)
        for depth in range(tree_levels(self._inputs)):
            sums = []
            for pair in range((len(level) + 1) // 2):
                operands = level[2 * pair : 2 * pair + 2]
                total = sum(operands[1:], operands[0])
                node = Signal(total.shape(), name=f"sum_{depth}_{pair}")
                with m.If(self.valid[1 + depth]):
                    m.d.sync += node.eq(total)
                sums.append(node)
            level = sums
        (value,) = level
        if self._grouped:
            scaled = Signal(signed(len(value) + 8))
            with m.If(self.valid[self.stages - 1]):
                m.d.sync += scaled.eq(value * self.m)
            value = scaled

        m.submodules.accumulators = memory = Memory(
            shape=signed(self._width), depth=self._depth, init=[]
        )
        before = memory.read_port(domain="comb")
        drain = memory.read_port(domain="comb")
        write = memory.write_port()
        m.d.comb += [
            before.addr.eq(self.at),
            write.addr.eq(self.at),
            write.en.eq(self.valid[self.stages]),
            write.data.eq(Mux(self.first, 0, before.data) + value),
            drain.addr.eq(self.read),
            self.o.eq(drain.data),
        ]
        return m


class RowInstance(wiring.Component):
    """The row as an instance of the Verilog module ``row.module``, whose text is ``row.verilog()``.

    Amaranth emits a module for each instance of a component; for a large array that costs most of
    the export and of the synthesis, and all rows are equal. Amaranth's simulator cannot run it.
    """

    def __init__(self, row: MatmulRow):
        self._row = row
        super().__init__(dict(row.signature.members.items()))

    def elaborate(self, platform: object) -> Module:
        ports = {
            f"{'i' if member.flow is In else 'o'}_{name}": getattr(self, name)
            for name, member in self.signature.members.items()
        }
        m = Module()
        m.submodules.shared = Instance(
            self._row.module, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports
        )
        return m
