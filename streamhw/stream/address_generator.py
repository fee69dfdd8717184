# SPDX-License-Identifier: Apache-2.0
"""Address walk: a loop nest in hardware, with adders only, and trip counts that streams bring."""

from collections.abc import Callable, Collection, Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .axis import Axis
from .itensor.itensor import Symbol

__all__ = ["AddressGenerator", "symbol_width"]


def symbol_width(symbol: Symbol) -> int:
    """Bits of a stream of values of the symbol: 1 to ``bound``."""
    return symbol.bound.bit_length()


class AddressGenerator(wiring.Component):
    """Walks a loop nest again and again and shows the address of the next access.

    Each loop that moves has a register with the address at which its current iteration begins.
    When a loop advances, it and all loops inside it take that address plus its increment: no
    multiplier, and trip counts may change from one entry to the next.

    The loops from ``blocks_below`` on are one block; each block begins at the next of ``slots``
    places that are ``pitch`` addresses apart.

    Parameters  axes: the nest, outermost first; blocks_below: loops outside a block;
                slots, pitch: places of blocks; passes: leading loops of a block that re-read it;
                members: more members, for walks that do more
    Members     valid: Out(1), the address is known;  address: Out
                step: In(1), only if valid: this access is done, move on
                block_end: Out(1), the access is the last of its block
                first_pass: Out(1), no loop of ``passes`` has advanced in this block
                i_<symbol>: In(stream): one value a walk, or, if ragged, one for each entry of its
                loop; ready depends on ``step``: put a queue in front
    Timing      one access a cycle; values waiting in the queue are taken without a gap
    """

    def __init__(
        self,
        *,
        axes: Sequence[Axis],
        blocks_below: int = 0,
        slots: int = 1,
        pitch: int,
        passes: int = 0,
        members: Mapping[str, wiring.Member] | None = None,
    ):
        self._axes = tuple(axes)
        self._blocks_below = blocks_below
        self._slots = slots
        self._pitch = pitch
        self._passes = passes
        trips = [axis.trip for axis in axes if isinstance(axis.trip, Symbol)]
        self.symbols = {symbol.name: symbol for symbol in trips}
        super().__init__(
            {
                "valid": Out(1),
                "address": Out(range(max(2, slots * pitch))),
                "step": In(1),
                "block_end": Out(1),
                "first_pass": Out(1),
                **{
                    f"i_{name}": In(stream.Signature(symbol_width(symbol)))
                    for name, symbol in self.symbols.items()
                },
                **(members or {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axes = self._axes
        bounds = [a.trip.bound if isinstance(a.trip, Symbol) else a.trip for a in axes]
        counts = [
            Signal(range(max(2, bound)), init=0 if isinstance(axis.trip, Symbol) else bound - 1)
            for axis, bound in zip(axes, bounds, strict=True)
        ]
        # done[k]: loop k and all inside it are in their last iteration
        done = [Signal(name=f"done_{k}") for k in range(len(axes) + 1)]
        m.d.comb += done[len(axes)].eq(1)
        for k in range(len(axes)):
            m.d.comb += done[k].eq(done[k + 1] & (counts[k] == 0))
        m.d.comb += self.block_end.eq(done[self._blocks_below])

        missing: list[Signal] = []
        for name, symbol in self.symbols.items():
            users = [k for k, axis in enumerate(axes) if axis.trip == symbol]
            arrives = getattr(self, f"i_{name}")
            missing.append(self._count(m, symbol, users, counts, done, arrives))
        for k, axis in enumerate(axes):
            if isinstance(axis.trip, int):
                with m.If(self.step & done[k + 1]):
                    m.d.sync += counts[k].eq(Mux(done[k], axis.trip - 1, counts[k] - 1))
        m.d.comb += self.valid.eq(~Cat(missing).any())
        self._address(m, counts, done)

        first = Signal(init=1)
        m.d.comb += self.first_pass.eq(first)
        with m.If(self.step & self.block_end):
            m.d.sync += first.eq(1)
        with m.Elif(self.step & done[self._blocks_below + self._passes]):
            m.d.sync += first.eq(0)
        return m

    def _count(
        self,
        m: Module,
        symbol: Symbol,
        users: list[int],
        counts: list[Signal],
        done: list[Signal],
        arrives: stream.Interface,
    ) -> Signal:
        """Counters of the loops that a symbol bounds; returns "its value is missing"."""
        missing = Signal(init=1, name=f"missing_{symbol.name}")
        trip = Signal(range(symbol.bound), name=f"trip_{symbol.name}")
        value = Signal(range(symbol.bound), name=f"value_{symbol.name}")
        outer = users[0] if symbol.ragged else 0
        m.d.comb += [
            value.eq(arrives.payload - 1),
            arrives.ready.eq(missing | (self.step & done[outer])),
        ]
        for k in users:
            with m.If(self.step & done[k + 1]):
                m.d.sync += counts[k].eq(Mux(counts[k] == 0, trip, counts[k] - 1))
        with m.If(arrives.ready):
            m.d.sync += [missing.eq(~arrives.valid), trip.eq(value)]
            m.d.sync += [counts[k].eq(value) for k in users]
        return missing

    def _address(self, m: Module, counts: list[Signal], done: list[Signal]) -> None:
        begin: Signal | Const = Const(0)
        following: Signal | Const = Const(0)
        if self._slots > 1:
            slot = Signal(range(self._slots))
            begin = Signal.like(self.address)
            following = Signal.like(self.address)
            m.d.comb += following.eq(Mux(slot == self._slots - 1, 0, begin + self._pitch))
            with m.If(self.step & self.block_end):
                m.d.sync += slot.eq(Mux(slot == self._slots - 1, 0, slot + 1))
                m.d.sync += begin.eq(following)
        moving = {
            k: self._axes[k].increment
            for k in range(self._blocks_below, len(self._axes))
            if self._axes[k].increment and self._axes[k].trip != 1
        }

        def advanced(k: int, start: Value) -> Value:
            return start + moving[k]

        place = self._accumulate(m, counts, done, moving, advanced, begin, following)
        m.d.comb += self.address.eq(place)

    def _accumulate(
        self,
        m: Module,
        counts: Sequence[Signal],
        done: Sequence[Signal],
        moving: Collection[int],
        advanced: Callable[[int, Value], Value],
        begin: Value,
        following: Value,
        like: Signal | None = None,
    ) -> Value:
        """The sum of what the loops ``moving`` add: ``advanced(k, start)`` is one iteration of
        loop ``k`` further; a block begins at ``begin``, the next one at ``following``."""
        shape = self.address if like is None else like
        starts = {k: Signal.like(shape, name=f"start_{k}") for k in moving}
        ahead = {k: Signal.like(shape, name=f"ahead_{k}") for k in moving}
        for k in moving:
            m.d.comb += ahead[k].eq(advanced(k, starts[k]))
        with m.If(self.step):
            with m.If(self.block_end):
                m.d.sync += [start.eq(following) for start in starts.values()]
            for k in reversed(range(self._blocks_below, len(self._axes))):
                # the advancing loop: everything inside it is done, it is not
                with m.If(done[k + 1] & (counts[k] != 0)):
                    # a loop that does not move takes the place of the moving loop around it
                    around = [j for j in moving if j < k]
                    origin = starts[around[-1]] if around else begin
                    place = ahead[k] if k in moving else origin
                    m.d.sync += [starts[j].eq(place) for j in moving if j >= k]
        return starts[max(moving)] if moving else begin
