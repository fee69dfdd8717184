# SPDX-License-Identifier: Apache-2.0
"""Runs stream components in the Python simulator: every beat, its cycle, and the stream rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal, Value
from amaranth.sim import Simulator

__all__ = ["PATTERNS", "StreamRuleError", "StreamRun", "run_streams"]

Pattern = Callable[[Random, int], bool]
"""Whether one side is willing in a cycle (generator of that side, cycle)."""

PATTERNS: Mapping[str, Pattern] = {
    "always": lambda rng, cycle: True,
    "often": lambda rng, cycle: rng.random() < 0.8,
    "seldom": lambda rng, cycle: rng.random() < 0.2,
    "bursts": lambda rng, cycle: (cycle // 7) % 2 == 0,
    "late": lambda rng, cycle: cycle >= 40,
    "singles": lambda rng, cycle: cycle % 3 == 0,
}


class StreamRuleError(AssertionError):
    """A component broke a rule of streams."""


@dataclass
class StreamRun:
    """What passed: payloads (as unsigned bits) and cycles of the accepted beats, by port."""

    beats: dict[str, list[int]] = field(default_factory=dict)
    cycles: dict[str, list[int]] = field(default_factory=dict)
    offered: dict[str, list[int]] = field(default_factory=dict)
    """Cycle in which each beat was first offered."""
    length: int = 0


def run_streams(
    dut: Elaboratable,
    *,
    inputs: Mapping[str, Sequence[int]],
    outputs: Mapping[str, int],
    source: str | Mapping[str, str] = "always",
    sink: str | Mapping[str, str] = "always",
    seed: int = 0,
    spare: int = 20,
    timeout: int = 20_000,
    registered: bool = True,
    reset_at: int | None = None,
    each_cycle: Callable[[Any, int], None] | None = None,
) -> StreamRun:
    """Sends ``inputs`` until ``outputs`` beats have come from each port, then ``spare`` cycles.

    ``source`` and ``sink`` name the stall pattern of all ports of a side, or of each. With
    ``registered``, also checks that within a cycle no output's valid follows a valid or ready, and
    no input's ready an output's ready. In cycle
    ``reset_at`` the component is reset, and everything is sent again from the beginning.
    ``each_cycle(ctx, cycle)`` runs before each clock edge.
    Raises ``StreamRuleError`` if a beat changes or goes before it is accepted, a combinational path
    shows, or beats are missing after ``timeout`` cycles.
    """
    run = StreamRun(
        beats={name: [] for name in (*inputs, *outputs)},
        cycles={name: [] for name in (*inputs, *outputs)},
        offered={name: [] for name in (*inputs, *outputs)},
    )
    willing = {name: _pattern(source, name) for name in inputs}
    willing |= {name: _pattern(sink, name) for name in outputs}
    generators = {name: Random(f"{seed}:{name}") for name in willing}
    reset = Signal()
    where = f"seed {seed}, source {source}, sink {sink}"

    async def bench(ctx: Any) -> None:
        port = {name: getattr(dut, name) for name in willing}
        payload = {name: Value.cast(port[name].payload) for name in willing}
        held: dict[str, int | None] = dict.fromkeys(outputs)
        offering = dict.fromkeys(inputs, False)
        left = spare
        cycle = 0

        def drive(names: Iterable[str], member: str, values: Mapping[str, bool]) -> None:
            for name in names:
                ctx.set(getattr(port[name], member), values[name])

        def follows(
            names: Iterable[str], member: str, values: Mapping[str, bool], watched: list[Value]
        ) -> bool:
            drive(names, member, dict.fromkeys(names, False))
            before = [ctx.get(signal) for signal in watched]
            drive(names, member, values)
            return before != [ctx.get(signal) for signal in watched]

        while left:
            if cycle == reset_at:
                drive(inputs, "valid", dict.fromkeys(inputs, False))
                drive(outputs, "ready", dict.fromkeys(outputs, False))
                ctx.set(reset, 1)
                await ctx.tick()
                ctx.set(reset, 0)
                for record in (run.beats, run.cycles, run.offered):
                    for listed in record.values():
                        listed.clear()
                held = dict.fromkeys(outputs)
                offering = dict.fromkeys(inputs, False)
                left = spare
                cycle += 1
            ready = {name: willing[name](generators[name], cycle) for name in outputs}
            for name, beats in inputs.items():
                wants = willing[name](generators[name], cycle)
                sent = len(run.beats[name])
                if sent < len(beats) and wants and not offering[name]:
                    offering[name] = True
                    run.offered[name].append(cycle)
                    ctx.set(payload[name], beats[sent])
            if registered:
                valids = [port[name].valid for name in outputs]
                readies = [port[name].ready for name in inputs]
                drive(inputs, "valid", offering)
                paths = follows(outputs, "ready", ready, valids + readies)
                drive(outputs, "ready", ready)
                paths |= follows(inputs, "valid", offering, valids)
                if paths:
                    raise StreamRuleError(f"a combinational path shows in cycle {cycle} ({where})")
            drive(outputs, "ready", ready)
            drive(inputs, "valid", offering)
            for name in outputs:
                valid = ctx.get(port[name].valid)
                bits = ctx.get(payload[name]) & ((1 << len(payload[name])) - 1)
                if held[name] is not None and (not valid or bits != held[name]):
                    raise StreamRuleError(f"{name} did not hold its beat, cycle {cycle} ({where})")
                if valid and held[name] is None:
                    run.offered[name].append(cycle)
                held[name] = bits if valid and not ready[name] else None
                if valid and ready[name]:
                    run.beats[name].append(bits)
                    run.cycles[name].append(cycle)
            for name, beats in inputs.items():
                if offering[name] and ctx.get(port[name].ready):
                    run.cycles[name].append(cycle)
                    run.beats[name].append(beats[len(run.beats[name])])
                    offering[name] = False
            if each_cycle is not None:
                each_cycle(ctx, cycle)
            await ctx.tick()
            cycle += 1
            if all(len(run.beats[name]) >= count for name, count in outputs.items()):
                left -= 1
            elif cycle > timeout:
                counts = {name: len(run.beats[name]) for name in willing}
                raise StreamRuleError(f"no end after {cycle} cycles, beats {counts} ({where})")
        run.length = cycle

    # A wire has no registers, but the bench needs a clock
    top = Module()
    top.submodules.dut = ResetInserter(reset)(dut)
    top.d.sync += Signal().eq(1)
    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return run


def _pattern(choice: str | Mapping[str, str], name: str) -> Pattern:
    return PATTERNS[choice if isinstance(choice, str) else choice.get(name, "always")]
