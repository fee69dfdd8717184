# SPDX-License-Identifier: Apache-2.0
"""The sum of softmax for several elements a cycle, against that of one after the other."""

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from streamhw.kernels.attention.softmax import SoftmaxSpec
from streamhw.kernels.attention.softmax_geometry import more_stages
from streamhw.kernels.attention.softmax_total import add_positions
from streamhw.numerics.fixed import Fixed


class Total(wiring.Component):
    """The sum alone: a beat of elements a cycle, and its result some cycles later."""

    def __init__(self, spec: SoftmaxSpec) -> None:
        self.spec = spec
        self.stages = 3 + more_stages(spec.positions)
        super().__init__(
            {
                **{f"mantissa_{i}": In(spec.frac + 1) for i in range(spec.positions)},
                **{f"power_{i}": In(spec.power_shape) for i in range(spec.positions)},
                "first": In(1),
                "largest": Out(spec.power_shape),
                "total": Out(spec.sum_width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        starts = Signal(self.stages + 1)
        m.d.comb += starts[0].eq(self.first)
        m.d.sync += starts[1:].eq(starts)
        places = range(self.spec.positions)
        largest, total = add_positions(
            m,
            self.spec,
            0,
            [getattr(self, f"mantissa_{i}") for i in places],
            [getattr(self, f"power_{i}") for i in places],
            starts,
            Cat(1 for _ in range(len(starts))),
        )
        m.d.comb += [self.largest.eq(largest), self.total.eq(total)]
        return m


def one_by_one(spec: SoftmaxSpec, mantissas: list[int], powers: list[int]) -> tuple[int, int]:
    """As the kernel's golden says."""
    total, largest = 0, powers[0]
    for mantissa, power in zip(mantissas, powers, strict=True):
        term = mantissa << (spec.sum_frac - spec.frac)
        apart = power - largest
        total = (total >> apart) + term if apart > 0 else total + (term >> -apart)
        largest = max(largest, power)
    return largest, total


@pytest.mark.parametrize("positions", [2, 4])
@pytest.mark.parametrize(
    "out, context", [(Fixed(4, 4, signed=False), 16), (Fixed(16, 16, signed=False), 256)]
)
def test_every_sum(positions: int, out: Fixed, context: int) -> None:
    """Rows that rise by nothing, a little, or more than the sum has bits, at any place of a beat;
    the sum after each beat."""
    spec = SoftmaxSpec(
        tokens=1, heads=1, context=context, source=Fixed(12, 4), out=out, positions=positions
    )
    component, rng = Total(spec), np.random.default_rng(positions)
    low, high = -(1 << spec.power_shape.width - 1) + 1, (1 << spec.power_shape.width - 1) - 1
    rows = []
    for row in range(400):
        length = int(rng.integers(1, min(context, 24), endpoint=True))
        steps = rng.choice([-2, 0, 1, 1, 2, 3, 5, spec.sum_width, 200], length, p=PLACES[row % 3])
        powers = np.clip(low + np.cumsum(steps) + rng.integers(0, 5, length), low, high).tolist()
        mantissas = rng.integers(1 << spec.frac, 2 << spec.frac, length)
        mantissas[rng.random(length) < 0.3] = (2 << spec.frac) - 1
        rows.append((mantissas.tolist(), powers))
    beats, wanted = [], []
    for mantissas, powers in rows:
        for at in range(0, len(powers), positions):
            end = min(at + positions, len(powers))
            pads = positions - (end - at)
            beats.append(
                (at == 0, mantissas[at:end] + [0] * pads, powers[at:end] + [low - 1] * pads)
            )
            wanted.append(one_by_one(spec, mantissas[:end], powers[:end]))
    found: list[int] = []
    tops: list[int] = []

    async def bench(ctx):  # type: ignore[no-untyped-def]
        for beat in [*beats, *beats[: component.stages]]:
            ctx.set(component.first, beat[0])
            for place, (mantissa, power) in enumerate(zip(*beat[1:], strict=True)):
                ctx.set(getattr(component, f"mantissa_{place}"), mantissa)
                ctx.set(getattr(component, f"power_{place}"), power)
            await ctx.tick()
            found.append(ctx.get(component.total))
            tops.append(ctx.get(component.largest))

    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    late = component.stages - 1
    assert found[late : late + len(wanted)] == [total for _, total in wanted]
    assert tops[1 : 1 + len(wanted)] == [largest for largest, _ in wanted]


PLACES = (
    [0.05, 0.2, 0.25, 0.2, 0.1, 0.1, 0.05, 0.04, 0.01],
    [0.1, 0.5, 0.2, 0.1, 0.04, 0.03, 0.01, 0.01, 0.01],
    [0.0, 0.0, 0.3, 0.3, 0.2, 0.1, 0.05, 0.05, 0.0],
)
"""How often a step comes."""
