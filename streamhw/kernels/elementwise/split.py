# SPDX-License-Identifier: Apache-2.0
"""Split: sends equal consecutive slices of a stream to several outputs (chunk)."""

from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...stream.address_generator import AddressGenerator, symbol_width
from ...stream.axis import Axis
from ...stream.behaviour import Behaviour
from ...stream.itensor.itensor import ITensor, Loop, Symbol, SymbolValues
from ...stream.itensor.normal_form import symbols_of
from ...stream.queue import Queue
from ...stream.rounding import saturated
from ...stream.signature import lanes_of
from ...stream.skid import Skid
from ...stream.spec import KernelSpec, Memory, Port, Resources, Role, Tensors, Timing, raw

__all__ = ["SplitKernel", "SplitSpec"]


@dataclass(frozen=True, kw_only=True)
class SplitSpec(KernelSpec):
    """Sends the first iterations of the outermost loop to ``o_0``, the next to ``o_1``, and so on.

    A skid buffer takes the stream; a walk of its loops says which output the beat is for. Beats
    are not stored: while one part passes, the other outputs are idle.

    Shapes      i: ``type``; o_0, o_1, ...: ``type`` with 1 / ``parts`` of the outermost loop;
                i_<symbol>: its value, once an invocation
    Formats     i: of ``type``; o_<k>: ``formats[k]``, the same integers, saturated where it is
                narrower; symbols unsigned, 1 to their bound
    Parameters  type: its outermost loop (after normalization) has a constant trip that the number
                of parts divides; symbols of the loops inside it are not ragged; formats: of the
                parts, at least 2
    Timing      interval = type.beats() cycles; latency = 1 cycle, 2 if there are symbols; drain =
                1 cycle, or latency if the invocation has fewer than 3 beats
    Buffers     2 beats and 2 values of each symbol
    Error       none within the range of a part's format, else saturation
    Stalls      lossless; output independent of stalls; no combinational path from i.valid to
                o.valid or from o.ready to i.ready
    Raises      ValueError: if the outermost loop cannot be divided, or a symbol is ragged
    Source      none: a counter and a demultiplexer
    """

    type: ITensor
    formats: tuple[Fixed, ...]

    def __post_init__(self) -> None:
        if self.parts < 2:
            raise ValueError(f"Split parts must be at least 2, not {self.parts}")
        wider = [f for f in self.formats if f.width > self.type.fmt.width]
        if wider:
            raise ValueError(
                f"Split formats must be no wider than {self.type.fmt.width} bits, not {wider[0]}"
            )
        loops = self.type.normal().loops
        trip = loops[0].trip if loops else 1
        if not isinstance(trip, int) or trip % self.parts:
            raise ValueError(
                f"Split parts must divide a constant outermost trip, not {self.parts} and {trip}"
            )
        for symbol in self.symbols:
            if symbol.ragged:
                raise ValueError(f"Split symbol must not be ragged, not {symbol}")

    @property
    def parts(self) -> int:
        """Number of outputs."""
        return len(self.formats)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Symbols of the loops by name."""
        return symbols_of(self.type.normal().loops)

    @property
    def part(self) -> ITensor:
        """Type of each output before saturation."""
        normal = self.type.normal()
        head = normal.loops[0]
        return replace(normal, loops=(self._shortened(head), *normal.loops[1:]))

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port("i", self.type),
            *(
                Port(f"i_{symbol.name}", raw(symbol_width(symbol)), Role.SYMBOL, symbol)
                for symbol in self.symbols
            ),
            *(Port(f"o_{k}", replace(self.part, fmt=f)) for k, f in enumerate(self.formats)),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        tensor = np.asarray(inputs["i"], dtype=np.int64)
        head = self._shortened(self.type.normal().loops[0])
        results = {}
        for index in range(self.parts):
            window = [slice(None)] * tensor.ndim
            if head.dim is not None:
                begin = index * head.bound * head.step
                window[head.dim] = slice(begin, begin + self.part.tensor_shape()[head.dim])
            results[f"o_{index}"] = self.formats[index].saturate(tensor[tuple(window)])
        return results

    def timing(self, symbol_values: SymbolValues) -> Timing:
        beats = self.type.beats(symbol_values)
        latency = 2 if self.symbols else 1
        return Timing(latency=latency, interval=beats, drain=1 if beats >= 3 else latency)

    def behaviour(self) -> Behaviour:
        return Behaviour(shares=True)

    def resources(self) -> Resources:
        word = self.type.beat_bits
        counters = sum(axis.trip.bit_length() for axis in self.walk if isinstance(axis.trip, int))
        values = [symbol_width(symbol) for symbol in self.symbols]
        # Only formats that are narrower than what comes clamp it.
        narrower = sum(fmt.width for fmt in self.formats if fmt.width < self.type.fmt.width)
        return Resources(
            luts=word
            + self.type.lanes * narrower
            + 2 * counters
            + 6 * sum(values)
            + 4 * self.parts,
            ffs=2 * word + counters + 2 * sum(values) + 6 * len(values) + 4,
            memories=tuple(Memory(width, 2, asynchronous=True) for width in values),
        )

    @property
    def walk(self) -> tuple[Axis, ...]:
        """The loops as counters: the parts, then what is inside one, constants multiplied."""
        trips: list[int | Symbol] = [self.parts]
        constant = 1
        for loop in (*self.part.loops, Loop(1)):
            if isinstance(loop.trip, int):
                constant *= loop.trip
                continue
            trips += [constant, loop.trip]
            constant = 1
        trips.append(constant)
        return tuple(Axis(trip=trip, increment=0) for trip in trips)

    def create(self) -> "SplitKernel":
        return SplitKernel(spec=self)

    def _shortened(self, head: Loop) -> Loop:
        return replace(head, trip=head.bound // self.parts)


class SplitKernel(wiring.Component):
    """Hardware of ``SplitSpec``."""

    def __init__(self, *, spec: SplitSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.skid = skid = Skid(shape=lanes_of(spec.type))
        wiring.connect(m, wiring.flipped(self.i), skid.i)
        m.submodules.walk = walk = AddressGenerator(axes=spec.walk, blocks_below=1, pitch=1)
        for symbol in spec.symbols:
            queue = Queue(shape=symbol_width(symbol), depth=2)
            m.submodules[f"queue_{symbol.name}"] = queue
            source = getattr(self, f"i_{symbol.name}")
            sink = getattr(walk, f"i_{symbol.name}")
            m.d.comb += [
                queue.i.payload.eq(Value.cast(source.payload)),
                queue.i.valid.eq(source.valid),
                source.ready.eq(queue.i.ready),
                sink.payload.eq(queue.o.payload),
                sink.valid.eq(queue.o.valid),
                queue.o.ready.eq(sink.ready),
            ]
        part = Signal(range(spec.parts))
        m.d.comb += skid.o.ready.eq(walk.step)
        for index in range(spec.parts):
            output = getattr(self, f"o_{index}")
            m.d.comb += [
                output.payload[lane].eq(saturated(skid.o.payload[lane], spec.formats[index]))
                for lane in range(spec.type.lanes)
            ]
            m.d.comb += [
                output.valid.eq(skid.o.valid & walk.valid & (part == index)),
            ]
            with m.If(output.valid & output.ready):
                m.d.comb += walk.step.eq(1)
        with m.If(walk.step & walk.block_end):
            m.d.sync += part.eq(Mux(part == spec.parts - 1, 0, part + 1))
        return m
