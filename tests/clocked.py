# SPDX-License-Identifier: Apache-2.0
"""Parts of hardware and small kernels in Amaranth's own simulator: values in, values out."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from amaranth.hdl import Elaboratable, Module, ShapeLike, Signal, Value
from amaranth.sim import Simulator

from streamhw.stream.spec import KernelSpec
from streamhw.testing import Case, beats_of, run_streams


def run_clocked(dut: Elaboratable, bench: Callable[[Any], Awaitable[None]]) -> None:
    """Runs a bench beside a component; the clock is there also if the component has none."""
    top = Module()
    top.submodules.dut = dut
    top.d.sync += Signal().eq(1)
    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def values_of(
    build: Callable[..., Value],
    shapes: Sequence[ShapeLike],
    rows: Sequence[tuple[int, ...]],
    latency: int = 0,
) -> list[int]:
    """What ``build(m, *inputs)`` gives for each row of inputs, one a cycle, ``latency`` later."""
    m = Module()
    inputs = [Signal(shape, name=f"in_{n}") for n, shape in enumerate(shapes)]
    value = build(m, *inputs)
    output = Signal(value.shape(), name="out")
    m.d.comb += output.eq(value)
    found: list[int] = []

    async def bench(ctx: Any) -> None:
        for cycle in range(len(rows) + latency):
            if cycle < len(rows):
                for signal, number in zip(inputs, rows[cycle], strict=True):
                    ctx.set(signal, number)
            if cycle >= latency:
                found.append(ctx.get(output))
            await ctx.tick()

    run_clocked(m, bench)
    return found


def check_streams(spec: KernelSpec, cases: Sequence[Case], source: str, sink: str) -> None:
    """Asserts that a kernel's hardware gives what ``compute`` does, under one stall pattern."""
    inputs: dict[str, list[int]] = {port.name: [] for port in spec.input_ports}
    outputs: dict[str, list[int]] = {port.name: [] for port in spec.output_ports}
    for case in cases:
        results = spec.compute(case.inputs, case.symbol_values)
        for ports, tensors, beats in (
            (spec.input_ports, case.inputs, inputs),
            (spec.output_ports, results, outputs),
        ):
            for port in ports:
                beats[port.name] += beats_of(port, tensors[port.name], case.symbol_values)
    counts = {name: len(beats) for name, beats in outputs.items()}
    run = run_streams(spec.create(), inputs=inputs, outputs=counts, source=source, sink=sink)
    assert {name: run.beats[name] for name in outputs} == outputs
