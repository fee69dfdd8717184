# SPDX-License-Identifier: Apache-2.0
"""Join: several streams to one of tuples, beat by beat."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Module, ShapeLike, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .skid import Skid

__all__ = ["Join"]


class Join(wiring.Component):
    """Takes one beat of each input together and offers them as one payload.

    Parameters  shapes: payloads by role, in order; a sequence has the roles "0", "1", ...
    Members     i_<role>: In(stream of that shape)
                o: Out(stream of StructLayout with one field a role, the first role lowest)
    Timing      latency = 1 cycle; one beat a cycle
    Buffers     2 beats in registers
    Stalls      lossless; no combinational path i.valid→o.valid or o.ready→i.ready; an input's ready
                follows the valid of the others
    Raises      ValueError: if shapes is empty
    """

    latency = 1

    def __init__(self, *, shapes: Mapping[str, ShapeLike] | Sequence[ShapeLike]):
        if not isinstance(shapes, Mapping):
            shapes = {str(index): shape for index, shape in enumerate(shapes)}
        if not shapes:
            raise ValueError("Join shapes must have at least 1 entry, not 0")
        self._roles = tuple(shapes)
        self._layout = data.StructLayout(dict(shapes))
        super().__init__(
            {f"i_{role}": In(stream.Signature(shape)) for role, shape in shapes.items()}
            | {"o": Out(stream.Signature(self._layout))}
        )

    @property
    def layout(self) -> data.StructLayout:
        """Payload of the output."""
        return self._layout

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(shape=self._layout)
        wiring.connect(m, skid.o, wiring.flipped(self.o))
        inputs = [getattr(self, f"i_{role}") for role in self._roles]
        together = Signal()
        m.d.comb += [
            together.eq(Cat(port.valid for port in inputs).all()),
            skid.i.valid.eq(together),
            Value.cast(skid.i.payload).eq(Cat(Value.cast(port.payload) for port in inputs)),
        ]
        m.d.comb += [port.ready.eq(together & skid.i.ready) for port in inputs]
        return m
