# SPDX-License-Identifier: Apache-2.0
"""Decodes the rows of a cache of 4 bits: each code times the scale of its group."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from numpy.typing import NDArray

from ...numerics.fixed import Fixed
from ...numerics.group_codec import CODE, LIFT, SCALE, GroupCodec
from ...stream.behaviour import Behaviour
from ...stream.credit import Credit, credit_latency, credit_memory
from ...stream.itensor.from_loops import KernelLoop, KernelNest, Operand, index
from ...stream.itensor.itensor import ITensor, Symbol, SymbolValues
from ...stream.pipeline import delayed
from ...stream.rounding import rounded, saturated
from ...stream.signature import lanes_of
from ...stream.spec import KernelSpec, Port, Resources, Role, Tensors, Timing
from ..attention.stream_types import cached_type, check_heads, check_lanes, check_positions

__all__ = ["GroupDecodeKernel", "GroupDecodeSpec"]

_DECODING = 4
"""Registers from a code to its element: operands, two sums, rounding, what is added."""


@dataclass(frozen=True, kw_only=True)
class GroupDecodeSpec(KernelSpec):
    """Gives elements of the cache's codes and scales; one beat of scales has those of whole rows.

    With ``lifted``, a value of each feature is added to the rows of the first position, which the
    sign bit of a scale tells: what the encoder's offset was there too large.

    Shapes      i_code, o: ``cached_type`` of ``lanes`` elements a head; i_scale: that of all scales
                of a head; i_lift: [1, heads / shared * head_dim], again for each token and, one
                after the other, each of the query heads that share a cached head
    Formats     i_code: s4; i_scale: s8, 0 to 127, and the sign bit; i_lift: s16; o: ``out``
    Parameters  tokens, context: bounds; heads: query heads; head_dim, lanes, shared,
                parallel_heads, positions, windowed: as of ``Scores``; codec: its group divides
                head_dim; out: at least as wide as ``codec.element``; lifted: not with windows,
                whose rows may begin behind the first position
    Timing      interval = type.beats() cycles; latency = 6 cycles; drain = 6 cycles
    Buffers     6 beats in the queue of the credit bracket
    Error       that of ``GroupCodec``
    Stalls      lossless; no combinational path from a valid to o.valid or from o.ready to a ready
    Raises      ValueError: if heads, lanes, positions, group or out are not as above, or rows of
                windows are lifted
    Source      none: a product of a code and a scale
    """

    tokens: int
    heads: int
    head_dim: int
    context: int
    lanes: int
    codec: GroupCodec
    out: Fixed
    shared: int = 1
    parallel_heads: int = 1
    positions: int = 1
    windowed: bool = False
    lifted: bool = False

    def __post_init__(self) -> None:
        shared, parallel = self.shared, self.parallel_heads
        check_heads(heads=self.heads, shared=shared, parallel_heads=parallel)
        check_lanes(head_dim=self.head_dim, lanes=self.lanes, parallel_heads=parallel)
        check_positions(
            positions=self.positions,
            context=self.context,
            head_dim=self.head_dim,
            lanes=self.lanes,
        )
        if self.head_dim % self.codec.group:
            raise ValueError(f"group must divide head_dim {self.head_dim}, not {self.codec.group}")
        if not self.out.signed or self.out.width < self.codec.element.width:
            raise ValueError(
                f"out must be signed with at least {self.codec.element.width} bits, not {self.out}"
            )
        if self.lifted and self.windowed:
            raise ValueError("lifted must be rows without windows")

    @property
    def cached_heads(self) -> int:
        """Cached heads of a beat."""
        return max(1, self.parallel_heads // self.shared)

    @property
    def scales(self) -> int:
        """Of a head."""
        return self.head_dim // self.codec.group

    def _cached(self, fmt: Fixed, head_dim: int, lanes: int) -> ITensor:
        return cached_type(
            fmt,
            tokens=self.tokens,
            heads=self.heads,
            head_dim=head_dim,
            context=self.context,
            lanes=lanes,
            shared=self.shared,
            parallel_heads=self.parallel_heads,
            positions=self.positions,
            windowed=self.windowed,
        )

    @property
    def _lift(self) -> ITensor:
        again = self.shared if self.parallel_heads == 1 else 1
        nest = KernelNest(
            (
                KernelLoop("t", Symbol("tokens", self.tokens)),
                KernelLoop("g", self.heads // self.shared, self.cached_heads),
                KernelLoop("q", again),
                KernelLoop("e", self.head_dim, self.lanes),
            )
        )
        return nest.input(Operand(fmt=LIFT, access=(index(), index(g=self.head_dim, e=1))))

    @property
    def ports(self) -> tuple[Port, ...]:
        lift = (Port("i_lift", self._lift, Role.PARAMETER),) if self.lifted else ()
        return (
            Port("i_code", self._cached(CODE, self.head_dim, self.lanes)),
            Port("i_scale", self._cached(SCALE, self.scales, self.scales)),
            *lift,
            Port("o", self._cached(self.out, self.head_dim, self.lanes)),
        )

    def compute(self, inputs: Tensors, symbol_values: SymbolValues) -> dict[str, NDArray[np.int64]]:
        scales = np.asarray(inputs["i_scale"], dtype=np.int64)
        found = self.codec.decode(inputs["i_code"], scales & SCALE.maximum)
        if self.lifted:
            is_first = scales[:1, :1] < 0
            found[:1] += np.where(is_first, inputs["i_lift"], 0)
        return {"o": self.out.saturate(found)}

    def timing(self, symbol_values: SymbolValues) -> Timing:
        drain = credit_latency(_DECODING) + 1
        interval = self.port("o").type.beats(symbol_values)
        return Timing(latency=drain - 1, interval=interval, drain=drain - 1)

    def behaviour(self) -> Behaviour:
        return Behaviour()

    def resources(self) -> Resources:
        out = self.port("o").type
        product = CODE.width + SCALE.width
        lanes = out.lanes
        lift = LIFT.width * lanes // self.positions if self.lifted else 0
        queue = credit_memory(lanes_of(out), _DECODING)
        return Resources(
            luts=lanes * (3 * product + 2 * self.codec.element.width) + 3 * lift + 20,
            ffs=lanes * (2 * product + SCALE.width + CODE.width + self.out.width) + 2 * lift + 20,
            memories=(queue,) if queue else (),
        )

    def create(self) -> "GroupDecodeKernel":
        return GroupDecodeKernel(spec=self)


class GroupDecodeKernel(wiring.Component):
    """Hardware of ``GroupDecodeSpec``."""

    def __init__(self, *, spec: GroupDecodeSpec) -> None:
        self.spec = spec
        super().__init__(spec.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self.spec
        m.submodules.credit = credit = Credit(
            shape=lanes_of(spec.port("o").type), latency=_DECODING
        )
        wiring.connect(m, credit.o, wiring.flipped(self.o))
        folds = spec.head_dim // spec.lanes
        fold = Signal(range(max(2, folds)))
        last, may, first = Signal(), Signal(), Signal()
        m.d.comb += [
            last.eq(fold == folds - 1),
            may.eq(credit.may_enter),
            credit.i_valid.eq(delayed(m, credit.enter, _DECODING, reset=True)),
        ]
        if spec.lifted:
            m.d.comb += [
                first.eq(self.i_scale.p[0][-1]),
                may.eq(credit.may_enter & (~first | self.i_lift.valid)),
                self.i_lift.ready.eq(credit.enter & first),
            ]
        m.d.comb += [
            credit.enter.eq(may & self.i_code.valid & self.i_scale.valid),
            self.i_code.ready.eq(may & self.i_scale.valid),
            self.i_scale.ready.eq(credit.enter & last),
        ]
        with m.If(credit.enter):
            m.d.sync += fold.eq(Mux(last, 0, fold + 1))
        in_place = spec.cached_heads * spec.lanes
        for lane in range(spec.port("o").type.lanes):
            head, element = divmod(lane, spec.lanes)
            group = head * spec.scales
            scale: Value = self.i_scale.p[group + element // spec.codec.group]
            if folds > 1:
                scale = self._of_fold(m, fold, lane)
            lift = None
            if spec.lifted and lane < in_place:
                lift = Mux(first, self.i_lift.p[lane], 0)
            m.d.comb += credit.i_payload[lane].eq(self._element(m, lane, scale, lift))
        return m

    def _of_fold(self, m: Module, fold: Signal, lane: int) -> Signal:
        """The scale of a lane, one of those of the row."""
        spec = self.spec
        scale = Signal(SCALE.shape, name=f"scale_{lane}")
        with m.Switch(fold):
            for n in range(spec.head_dim // spec.lanes):
                with m.Case(n):
                    at = (n * spec.lanes + lane) // spec.codec.group
                    m.d.comb += scale.eq(self.i_scale.p[at])
        return scale

    def _element(self, m: Module, lane: int, scale: Value, lift: Value | None) -> Signal:
        """The code times the scale: a sum of the scale's multiples, without a multiplier."""
        spec = self.spec

        def register(name: str, shape: object) -> Signal:
            return Signal(shape, name=f"{name}_{lane}", reset_less=True)

        code = register("code", CODE.shape)
        factor = register("factor", SCALE.width - 1)
        low = register("low", signed(SCALE.width + 2))
        high = register("high", signed(SCALE.width + 3))
        total = Signal(signed(SCALE.width + 4), name=f"total_{lane}")
        element = register("element", spec.codec.element.shape)
        result = register("result", spec.out.shape)
        m.d.comb += total.eq(rounded(low + high, spec.codec.frac))
        m.d.sync += [
            code.eq(self.i_code.p[lane]),
            factor.eq(scale[: SCALE.width - 1]),
            low.eq(Mux(code[0], factor, 0) + (Mux(code[1], factor, 0) << 1)),
            high.eq((Mux(code[2], factor, 0) << 2) - (Mux(code[3], factor, 0) << 3)),
            element.eq(saturated(total, spec.codec.element)),
            result.eq(element),
        ]
        if lift is not None:
            lifted = Signal(signed(LIFT.width + 1), name=f"lifted_{lane}")
            m.d.comb += lifted.eq(element + delayed(m, lift, 3).as_signed())
            m.d.sync += result.eq(saturated(lifted, spec.out))
        return result
