# SPDX-License-Identifier: Apache-2.0
"""Encodes the rows of new tokens for a cache of 4 bits: groups of codes, each with a scale."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In
from amaranth.utils import ceil_log2
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...numerics.group_codec import CODE, OFFSETS, SCALE, GroupCodec
from ...stream.control.step_layout import step_layout
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import Symbol, SymbolValues
from ...stream.pipeline import delayed, scaled
from ...stream.queue import Queue, queue_memory
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Memory, Port, Resources, Role, Tensors, Timing, raw
from ..attention.stream_types import row_type

__all__ = ["GroupEncodeKernel", "GroupEncodeSpec"]

_CODING = 3
"""Registers from an element to its code: operands, product, rounding."""
_SENT = 2
"""Scales that wait for who writes them."""
_CENTERED = Fixed(16)
"""Elements from which offsets are still to be taken."""


@dataclass(frozen=True, kw_only=True)
class GroupEncodeSpec(KernelSpec):
    """Finds the scale of each group from its largest element, and the codes of the group with it.

    Elements wait in a queue while the largest of their group passes a pipeline::

        i -- - i_offset --+--> elements -----------------> * inverse --> round, saturate --> o_code
                          +--> |x| --> largest --> / 7 --> scale --+--> inverse
                                                                   +-----------------------> o_scale

    With ``centered`` each element loses an offset first: that of its feature at the first position
    of a sequence, or that at all others. Scales of the first position have their sign bit set.

    Shapes      i, o_code: [tokens, heads * head_dim] row-major, ``lanes`` a beat; o_scale: [tokens,
                heads * head_dim / group] row-major, one a beat; i_offset: [1, heads * head_dim],
                again for each token; i_step: one a step
    Formats     i: ``codec.element``, s16 if centered; o_code: s4; o_scale: s8, 0 to 127, and the
                sign bit; i_offset: words of 32 bits, s16 of all positions but the first in the low
                half, s16 of the first in the high half
    Parameters  tokens, context, layers: bounds; heads, head_dim: of a row; codec: its group divides
                head_dim; lanes: divides a group; centered: whether there are offsets and steps; a
                step with ``tail`` is passed over
    Timing      interval = type.beats() cycles, 1 more a step if centered; latency = group / lanes +
                6 + log2(lanes) cycles to the first scale, 1 more if centered
    Buffers     elements and scales of as many groups as are under way
    Error       that of ``GroupCodec``
    Stalls      lossless; no combinational path from a valid to an output's valid or from an
                output's ready to a ready
    Raises      ValueError: if the group does not divide head_dim, or lanes do not divide the group
    Source      none: the largest magnitude, as all block formats have it
    """

    tokens: int
    heads: int
    head_dim: int
    context: int
    layers: int
    lanes: int
    codec: GroupCodec
    centered: bool = False

    def __post_init__(self) -> None:
        group = self.codec.group
        if self.head_dim % group:
            raise ValueError(f"group must divide head_dim {self.head_dim}, not {group}")
        if self.lanes < 1 or group % self.lanes:
            raise ValueError(f"lanes must divide a group of {group}, not {self.lanes}")

    @property
    def beats(self) -> int:
        """Beats of a group."""
        return self.codec.group // self.lanes

    @property
    def finding(self) -> int:
        """Registers from a group's last beat to its scale: elements, magnitudes, the largest of a
        beat and of the group, its seventh, and what it may be at most."""
        return 5 + int(ceil_log2(self.lanes))

    @property
    def depth(self) -> int:
        """Beats that wait for their scale, at one a cycle."""
        return 2 * self.beats + credit_latency(self.finding) + 2

    @property
    def step(self) -> data.StructLayout:
        """Layout of i_step."""
        return step_layout(tokens=self.tokens, context=self.context, layers=self.layers)

    @property
    def ports(self) -> tuple[Port, ...]:
        shape = {"tokens": self.tokens, "heads": self.heads}
        scales = self.head_dim // self.codec.group
        elements = {**shape, "head_dim": self.head_dim, "lanes": self.lanes}
        source = _CENTERED if self.centered else self.codec.element
        columns = KernelLoop("c", self.heads * self.head_dim, self.lanes)
        nest = KernelNest((KernelLoop("t", Symbol("tokens", self.tokens)), columns))
        offsets = nest.input(Operand(fmt=OFFSETS, access=(index(), index(c=1))))
        own = (
            Port("i_step", raw(self.step.size), Role.STEP),
            Port("i_offset", offsets, Role.PARAMETER),
        )
        return (
            Port("i", row_type(source, **elements)),
            *(own if self.centered else ()),
            Port("o_code", row_type(CODE, **elements)),
            Port("o_scale", row_type(SCALE, **shape, head_dim=scales, lanes=1)),
        )

    def members(self) -> dict[str, wiring.Member]:
        step = {"i_step": In(stream.Signature(self.step))} if self.centered else {}
        return super().members() | step

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        x = np.asarray(inputs["i"], dtype=np.int64)
        if not self.centered:
            codes, scales = self.codec.encode(x)
            return {"o_code": codes, "o_scale": scales}
        step = self.step.from_bits(int(np.asarray(inputs["i_step"], dtype=object).flat[0]))
        words = np.asarray(inputs["i_offset"], dtype=np.int64).reshape(-1)
        usual, first = (((half & 0xFFFF) ^ 0x8000) - 0x8000 for half in (words, words >> 16))
        is_first = step["position"] + np.arange(len(x)) == 0
        offsets = np.where(is_first[:, None], first, usual)
        codes, scales = self.codec.encode(self.codec.element.saturate(x - offsets))
        return {"o_code": codes, "o_scale": scales + np.where(is_first, SCALE.minimum, 0)[:, None]}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        found = credit_latency(self.finding) + 1
        return Timing(
            latency=self.beats - 1 + found + self.centered,
            interval=self.port("i").type.beats(symbol_values) + self.centered,
            drain=found + self.beats - 1 + credit_latency(_CODING),
        )

    def resources(self) -> Resources:
        width, lanes = self.codec.element.width, self.lanes
        inverse = self.codec.INVERSE_BITS + 2
        memories = (
            queue_memory(data.ArrayLayout(self.codec.element.shape, lanes), self.depth),
            credit_memory(SCALE.shape, self.finding),
            credit_memory(lanes_of(self.port("o_code").type), _CODING),
            Memory(SCALE.width, _SENT, asynchronous=True),
        )
        centering = (2 * _CENTERED.width + width) * lanes + 40 if self.centered else 0
        return Resources(
            luts=lanes * (4 * width + 2 * CODE.width) + 6 * width + 200 + centering,
            ffs=lanes * (4 * width + CODE.width) + (lanes + 3) * inverse + 80,
            multipliers=((width, inverse),) * lanes,
            memories=tuple(memory for memory in memories if memory),
        )

    def create(self) -> "GroupEncodeKernel":
        return GroupEncodeKernel(spec=self)


class GroupEncodeKernel(wiring.Component):
    """Hardware of ``GroupEncodeSpec``."""

    def __init__(self, *, spec: GroupEncodeSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        element = spec.codec.element
        m.submodules.elements = elements = Queue(
            shape=data.ArrayLayout(element.shape, spec.lanes), depth=spec.depth
        )
        m.submodules.scales = scales = Credit(shape=SCALE.shape, latency=spec.finding)
        at = Signal(range(max(2, spec.beats)))
        room, there, fire, last = (Signal(name=n) for n in ("room", "there", "fire", "last"))
        first: Value = Const(0, 1)
        m.d.comb += [
            last.eq(at == spec.beats - 1),
            room.eq(elements.i.ready & scales.may_enter),
            fire.eq(room & there),
            elements.i.valid.eq(scales.may_enter & there),
            scales.enter.eq(fire & last),
            scales.i_valid.eq(delayed(m, scales.enter, spec.finding, reset=True)),
        ]
        if spec.centered:
            first = self._center(m, elements, room, there, fire)
        else:
            m.d.comb += [
                there.eq(self.i.valid),
                self.i.ready.eq(room),
                Value.cast(elements.i.p).eq(Value.cast(self.i.p)),
            ]
        with m.If(fire):
            m.d.sync += at.eq(Mux(last, 0, at + 1))
        scale = self._scale(m, [elements.i.p[n] for n in range(spec.lanes)], fire, at == 0)
        m.d.comb += scales.i_payload.eq(Cat(scale, delayed(m, first, spec.finding)).as_signed())
        self._send(m, elements, scales)
        return m

    def _center(
        self, m: Module, elements: Queue, room: Signal, there: Signal, fire: Signal
    ) -> Signal:
        """Takes offsets away; gives whether the token is the first of its sequence."""
        spec = self.spec
        beats = spec.heads * spec.head_dim // spec.lanes
        running, first = Signal(), Signal()
        beat, token = Signal(range(max(2, beats))), Signal(range(spec.tokens + 1))
        step = self.i_step.p
        m.d.comb += [
            there.eq(self.i.valid & self.i_offset.valid & running),
            self.i.ready.eq(room & self.i_offset.valid & running),
            self.i_offset.ready.eq(room & self.i.valid & running),
            self.i_step.ready.eq(~running),
        ]
        with m.If(self.i_step.valid & ~running & ~step.tail):
            m.d.sync += [running.eq(1), first.eq(step.position == 0), token.eq(step.tokens)]
        with m.If(fire):
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == beats - 1):
                m.d.sync += [beat.eq(0), first.eq(0), token.eq(token - 1), running.eq(token != 1)]
        for lane in range(spec.lanes):
            word = self.i_offset.p[lane]
            centered = Signal(signed(_CENTERED.width + 1), name=f"centered_{lane}")
            m.d.comb += [
                centered.eq(self.i.p[lane] - Mux(first, word[16:], word[:16]).as_signed()),
                elements.i.p[lane].eq(saturated(centered, spec.codec.element)),
            ]
        return first

    def _scale(self, m: Module, elements: list[Value], valid: Value, first: Value) -> Signal:
        """The scale of the group whose last beat came ``finding`` cycles before."""
        codec = self.spec.codec
        shape = unsigned(codec.element.width)
        largest: list[Signal] = []
        for lane, value in enumerate(elements):
            x = Signal(codec.element.shape, name=f"x_{lane}", reset_less=True)
            size = Signal(shape, name=f"size_{lane}", reset_less=True)
            m.d.sync += [x.eq(value), size.eq(Mux(x < 0, -x, x))]
            largest.append(size)
        while len(largest) > 1:
            pairs = zip(largest[::2], largest[1::2], strict=True)
            largest = []
            for one, other in pairs:
                size = Signal(shape, name="largest", reset_less=True)
                m.d.sync += size.eq(Mux(one > other, one, other))
                largest.append(size)
        cycles = self.spec.finding - 3
        peak = Signal(shape, reset_less=True)
        seventh = Signal(shape.width + codec.frac + 10, reset_less=True)
        scale = Signal(SCALE.width - 1, reset_less=True)
        begins = delayed(m, first, cycles)
        with m.If(delayed(m, valid, cycles) & (begins | (largest[0] > peak))):
            m.d.sync += peak.eq(largest[0])
        up = (1 << codec.SEVENTH_BITS) - 1
        m.d.sync += seventh.eq((scaled(peak, codec.SEVENTH) << codec.frac) + up)
        found = seventh[codec.SEVENTH_BITS :]
        limit = SCALE.maximum
        m.d.sync += scale.eq(Mux(found > limit, limit, found))
        return scale

    def _send(self, m: Module, elements: Queue, scales: Credit) -> None:
        """Codes of a group, once its scale is there and on its way."""
        spec, codec = self.spec, self.spec.codec
        shape = signed(codec.INVERSE_BITS + 2)
        m.submodules.sent = sent = Queue(shape=SCALE.shape, depth=_SENT)
        m.submodules.codes = codes = Credit(
            shape=lanes_of(spec.port("o_code").type), latency=_CODING
        )
        known, load, last = Signal(), Signal(), Signal(name="last_sent")
        inverse = Signal(shape, reset_less=True)
        at = Signal(range(max(2, spec.beats)), name="sent_at")
        inverses = Array(Const(n, shape) for n in codec.inverses)
        m.d.comb += [
            self.o_scale.p[0].eq(sent.o.p),
            self.o_scale.valid.eq(sent.o.valid),
            sent.o.ready.eq(self.o_scale.ready),
            sent.i.p.eq(scales.o.p),
            last.eq(codes.enter & (at == spec.beats - 1)),
            sent.i.valid.eq(scales.o.valid & (~known | last)),
            scales.o.ready.eq(sent.i.ready & (~known | last)),
            load.eq(scales.o.valid & scales.o.ready),
            codes.enter.eq(known & elements.o.valid & codes.may_enter),
            elements.o.ready.eq(known & codes.may_enter),
            codes.i_valid.eq(delayed(m, codes.enter, _CODING, reset=True)),
        ]
        with m.If(codes.enter):
            m.d.sync += [at.eq(Mux(last, 0, at + 1)), known.eq(~last)]
        with m.If(load):
            m.d.sync += [known.eq(1), inverse.eq(inverses[scales.o.p[: SCALE.width - 1]])]
        for lane in range(spec.lanes):
            x = Signal(codec.element.shape, name=f"operand_{lane}", reset_less=True)
            factor = Signal(shape, name=f"factor_{lane}", reset_less=True)
            product = Signal(
                signed(codec.element.width + shape.width), name=f"product_{lane}", reset_less=True
            )
            whole = Signal(signed(product.shape().width), name=f"whole_{lane}")
            code = Signal(CODE.shape, name=f"code_{lane}", reset_less=True)
            m.d.comb += whole.eq(rounded(product, codec.INVERSE_BITS - codec.frac))
            m.d.sync += [
                x.eq(elements.o.p[lane]),
                factor.eq(inverse),
                product.eq(x * factor),
                code.eq(saturated(whole, CODE)),
            ]
            m.d.comb += codes.i_payload[lane].eq(code)
        wiring.connect(m, codes.o, wiring.flipped(self.o_code))
