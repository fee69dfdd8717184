# SPDX-License-Identifier: Apache-2.0
"""Index of the largest element of a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.credit import Credit, credit_latency
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import SymbolValues
from ...stream.spec import KernelSpec, Port, Resources, Tensors, Timing

__all__ = ["ArgMaxKernel", "ArgMaxSpec"]


@dataclass(frozen=True, kw_only=True)
class ArgMaxSpec(KernelSpec):
    """The index of the largest element of each row; the lowest one if several are equal.

    A tree of comparators finds the largest of a beat, one level a cycle; a register keeps the
    largest of the row so far.

    Shapes      i: (rows, outputs) row-major, ``lanes`` a beat; o: (rows), an index a beat
    Formats     i: ``fmt``; o: unsigned, wide enough for valid - 1
    Parameters  rows: of an invocation; outputs: elements of a row; valid: how many of them count,
                from the first on (all if None); lanes: divide outputs
    Timing      interval = rows * outputs / lanes cycles; latency = outputs / lanes + log2(lanes)
                + 2 (log2 rounded up); drain = log2(lanes) + 3; accepts a beat each cycle
    Buffers     results in the queue of the credit bracket
    Error       none
    Stalls      lossless; output independent of stalls; no combinational path between ports
    Raises      ValueError: if lanes does not divide outputs, or valid is not 1 to outputs
    """

    outputs: int
    lanes: int
    fmt: Fixed
    valid: int | None = None
    rows: int = 1

    def __post_init__(self) -> None:
        if min(self.outputs, self.lanes, self.rows) < 1:
            raise ValueError(
                f"ArgMax outputs, lanes and rows must be at least 1, not {self.outputs}, "
                f"{self.lanes} and {self.rows}"
            )
        if self.outputs % self.lanes:
            raise ValueError(f"ArgMax lanes must divide outputs {self.outputs}, not {self.lanes}")
        if not 1 <= self.counted <= self.outputs:
            raise ValueError(f"ArgMax valid must be 1 to {self.outputs}, not {self.valid}")

    @property
    def counted(self) -> int:
        """Elements of a row that count."""
        return self.outputs if self.valid is None else self.valid

    @property
    def index(self) -> Fixed:
        """Format of an index."""
        return Fixed(max(1, (self.counted - 1).bit_length()), signed=False)

    @property
    def beats(self) -> int:
        """Beats of a row."""
        return self.outputs // self.lanes

    @property
    def pipeline(self) -> int:
        """Registers from a beat to the largest of the row."""
        return (self.lanes - 1).bit_length() + 2

    @property
    def ports(self) -> tuple[Port, ...]:
        columns = KernelLoop("c", self.outputs, self.lanes)
        nest = KernelNest((KernelLoop("t", self.rows), columns))
        return (
            Port("i", nest.input(Operand(fmt=self.fmt, access=(index(t=1), index(c=1))))),
            Port("o", nest.output(Operand(fmt=self.index, access=(index(t=1),)))),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        counted = np.asarray(inputs["i"])[:, : self.counted]
        return {"o": np.argmax(counted, axis=1).astype(np.int64)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        drain = credit_latency(self.pipeline)
        return Timing(latency=self.beats - 1 + drain, interval=self.rows * self.beats, drain=drain)

    def resources(self) -> Resources:
        width, index = self.fmt.width, self.index.width
        nodes = self.lanes - 1
        registers = 2 * self.lanes * width + (self.pipeline + 1) * index
        # A node compares two elements and keeps one with its lane: no LUT does both. Elements that
        # do not count are replaced as they enter.
        lane = (self.lanes - 1).bit_length()
        return Resources(
            luts=(nodes + 1) * width + nodes * (width + lane) + 4 * index + 70,
            muxes=self.lanes * width if self.counted < self.outputs else 0,
            ffs=registers + 6 * self.pipeline,
        )

    def create(self) -> wiring.Component:
        return ArgMaxKernel(self)


class ArgMaxKernel(wiring.Component):
    """Hardware of ``ArgMaxSpec``: a comparator tree in a credit bracket that counts rows."""

    def __init__(self, spec: ArgMaxSpec):
        self._spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        spec = self._spec
        m = Module()
        m.submodules.credit = credit = Credit(
            shape=unsigned(spec.index.width), latency=spec.pipeline
        )
        beat = Signal(range(max(2, spec.beats)))
        first, last, enter = Signal(), Signal(), Signal()
        m.d.comb += [
            first.eq(beat == 0),
            last.eq(beat == spec.beats - 1),
            # only the beat that completes a row gives a result, so only it needs a credit
            self.i.ready.eq(~last | credit.may_enter),
            enter.eq(self.i.valid & self.i.ready),
            credit.enter.eq(enter & last),
            self.o.payload[0].eq(credit.o.payload),
            self.o.valid.eq(credit.o.valid),
            credit.o.ready.eq(self.o.ready),
        ]
        with m.If(enter):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))

        # elements that do not count become the least: a counted one before them wins
        values: list[Value] = []
        for lane in range(spec.lanes):
            counted = (spec.counted - lane + spec.lanes - 1) // spec.lanes  # beats of this lane
            value = Signal(spec.fmt.shape, name=f"element_{lane}", reset_less=True)
            source = self.i.payload[lane]
            if counted < spec.beats:
                source = Mux(beat < max(0, counted), source, spec.fmt.minimum)
            with m.If(enter):
                m.d.sync += value.eq(source)
            values.append(value)
        position = Signal(unsigned(spec.index.width), reset_less=True)
        flags = [enter, first, last]
        with m.If(enter):
            m.d.sync += position.eq((beat * spec.lanes)[: spec.index.width])
        flags = self._register(m, flags, "flag_0")

        # a level of the tree each stage; the earlier element wins unless the later one is larger
        nodes = [(value, Value.cast(lane)) for lane, value in enumerate(values)]
        level = 0
        while len(nodes) > 1:
            level += 1
            nodes = [
                self._larger(m, nodes[pair : pair + 2], f"{level}_{pair // 2}")
                for pair in range(0, len(nodes), 2)
            ]
            (position,) = self._register(m, [position], f"position_{level}")
            flags = self._register(m, flags, f"flag_{level}")

        ((value, lane),) = nodes
        best = Signal(spec.fmt.shape, reset_less=True)
        best_index = Signal(unsigned(spec.index.width), reset_less=True)
        valid, is_first, is_last = flags
        with m.If(valid & (is_first | (value > best))):
            m.d.sync += [best.eq(value), best_index.eq(position + lane)]
        m.d.sync += credit.i_valid.eq(valid & is_last)
        m.d.comb += credit.i_payload.eq(best_index)
        return m

    @staticmethod
    def _register(m: Module, values: Sequence[Value], name: str) -> list[Signal]:
        """The values one cycle later."""
        registers = []
        for number, value in enumerate(values):
            registers.append(Signal(value.shape(), name=f"{name}_{number}"))
            m.d.sync += registers[-1].eq(value)
        return registers

    @staticmethod
    def _larger(m: Module, pair: Sequence[tuple[Value, Value]], name: str) -> tuple[Signal, Signal]:
        """The larger of one or two elements with its lane, one cycle later."""
        (first, first_lane), (second, second_lane) = pair[0], pair[-1]
        value = Signal(first.shape(), name=f"value_{name}", reset_less=True)
        lane = Signal(
            range(max(2, 1 << max(len(first_lane), len(second_lane)))),
            name=f"lane_{name}",
            reset_less=True,
        )
        later = Signal(name=f"later_{name}")
        m.d.comb += later.eq(second > first)
        m.d.sync += [
            value.eq(Mux(later, second, first)),
            lane.eq(Mux(later, second_lane, first_lane)),
        ]
        return value, lane
