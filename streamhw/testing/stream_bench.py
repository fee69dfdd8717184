# SPDX-License-Identifier: Apache-2.0
"""cocotb side of the kernel bench: drives all stream ports cycle by cycle and compares beats."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

if TYPE_CHECKING:
    from .bench_waves import BenchWaves

__all__ = ["stall_matrix"]

Stall = Callable[[int], bool]
"""Whether a port pauses in the given cycle."""


class BenchRun:
    """One pass of all beats through the ports, with the cycle of every transfer."""

    def __init__(
        self,
        dut: Any,
        inputs: dict[str, list[int]],
        outputs: dict[str, list[int]],
        waves: "BenchWaves | None" = None,
    ):
        self.dut = dut
        self.waves = waves
        self.cycles = 0
        self.inputs = inputs
        self.outputs = outputs
        self.accepted: dict[str, list[int]] = {name: [] for name in inputs | outputs}
        self.offered: dict[str, list[int]] = {name: [] for name in outputs}

    def signal(self, port: str, part: str) -> Any:
        return getattr(self.dut, f"{port}__{part}")

    async def reset(self) -> None:
        for name in self.inputs:
            self.signal(name, "valid").value = 0
        for name in self.outputs:
            self.signal(name, "ready").value = 0
        self.dut.rst.value = 1
        await FallingEdge(self.dut.clk)
        await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def play(
        self, stalls: dict[str, Stall], limit: int, stop_at: int | None = None
    ) -> "str | dict[str, Any]":
        """Runs until every expected beat passed and the outputs stay quiet; returns an error: a
        sentence, or the wrong beat."""
        position = dict.fromkeys(self.inputs, 0)
        driving = dict.fromkeys(self.inputs, False)
        held: dict[str, int] = {}
        offers = dict.fromkeys(self.outputs, False)
        quiet = 0
        for cycle in range(limit):
            if cycle == stop_at:
                return ""
            ready = {}
            for name, beats in self.inputs.items():
                start = not driving[name] and position[name] < len(beats)
                if start and not stalls[name](cycle):
                    driving[name] = True
                    self.signal(name, "payload").value = beats[position[name]]
                self.signal(name, "valid").value = int(driving[name])
            for name in self.outputs:
                ready[name] = not stalls[name](cycle)
                self.signal(name, "ready").value = int(ready[name])
            await ReadOnly()
            self.cycles = cycle + 1
            if self.waves is not None:
                self.record(cycle, driving, ready, position)
            moved = False
            for name in self.inputs:
                if driving[name] and self.signal(name, "ready").value == 1:
                    moved = True
                    self.accepted[name].append(cycle)
                    position[name] += 1
                    driving[name] = False
            for name, beats in self.outputs.items():
                valid = self.signal(name, "valid").value == 1
                if not valid:
                    if name in held:
                        return f"{name} took back valid in cycle {cycle} before it was accepted"
                    continue
                payload = int(self.signal(name, "payload").value)
                if held.get(name, payload) != payload:
                    return f"{name} changed its payload in cycle {cycle} before it was accepted"
                held[name] = payload
                if not offers[name]:
                    offers[name] = True
                    self.offered[name].append(cycle)
                if not ready[name]:
                    continue
                moved = True
                index = len(self.accepted[name])
                if index >= len(beats):
                    return f"{name} sent beat {index} in cycle {cycle}, but only {len(beats)} exist"
                if payload != beats[index]:
                    return {
                        "port": name,
                        "beat": index,
                        "expected": beats[index],
                        "found": payload,
                        "cycle": cycle,
                    }
                self.accepted[name].append(cycle)
                offers[name] = False
                del held[name]
            done = all(len(self.accepted[n]) == len(b) for n, b in self.outputs.items())
            taken = all(position[n] == len(b) for n, b in self.inputs.items())
            quiet = 0 if moved else quiet + 1
            if done and taken and quiet > 20:
                return ""
            await FallingEdge(self.dut.clk)
        counts = {
            n: f"{len(a)} of {len((self.inputs | self.outputs)[n])}"
            for n, a in self.accepted.items()
        }
        return f"no end after {limit} cycles; beats passed: {counts}"

    def record(
        self,
        cycle: int,
        driving: dict[str, bool],
        ready: dict[str, bool],
        position: dict[str, int],
    ) -> None:
        """All ports in a cycle, for the wave file."""
        assert self.waves is not None
        for name, beats in self.inputs.items():
            offered = beats[position[name]] if driving[name] else 0
            taken = self.signal(name, "ready").value == 1
            self.waves.sample(name, cycle, driving[name], taken, offered)
        for name in self.outputs:
            valid = self.signal(name, "valid").value == 1
            payload = int(self.signal(name, "payload").value) if valid else 0
            self.waves.sample(name, cycle, valid, ready[name], payload)


def never(cycle: int) -> bool:
    return False


def randomly(rng: random.Random, probability: float = 0.5) -> Stall:
    return lambda cycle: rng.random() < probability


def after_each_beat(rng: random.Random) -> Stall:
    period = rng.choice([2, 3, 5])
    return lambda cycle: cycle % period != 0


def long_pause(rng: random.Random, horizon: int) -> Stall:
    begin = rng.randrange(max(1, horizon))
    return lambda cycle: begin <= cycle < begin + 60


def until(cycle_free: int) -> Stall:
    return lambda cycle: cycle < cycle_free


@cocotb.test()
async def stall_matrix(dut: Any) -> None:
    """Every scenario of the stimulus on one simulation, with a reset in between."""
    stimulus = Path(os.environ["STREAMHW_STIMULUS"])
    data = json.loads(stimulus.read_text())
    Clock(dut.clk, 10, unit="ns").start()
    seed = data["seed"]
    ports = [*data["inputs"], *data["outputs"]]
    total = sum(len(b) for b in (data["inputs"] | data["outputs"]).values())
    horizon = 200
    failures: list[dict[str, Any]] = []

    def fails(scenario: str, *sentences: str) -> None:
        failures.extend({"scenario": scenario, "says": says} for says in sentences)

    async def run(
        name: str, stalls: dict[str, Stall], cases: int | None = None, stop_at: int | None = None
    ) -> BenchRun:
        nonlocal horizon
        last = data["ends"][-1 if cases is None else cases - 1]
        r = BenchRun(
            dut,
            {n: b[: last[n]] for n, b in data["inputs"].items()},
            {n: b[: last[n]] for n, b in data["outputs"].items()},
            waves_of(data),
        )
        await r.reset()
        # One that is stopped must be right until then, too.
        limit = 4000 + 40 * total + 20 * horizon
        error = await r.play(stalls, limit, stop_at)
        if isinstance(error, dict):
            failures.append({"scenario": name, **error})
        elif error:
            fails(name, error)
        elif name == "free":
            horizon = max(max(c) for c in r.accepted.values() if c) + 1
        if r.waves is not None:
            r.waves.write(Path(data["waves"]) / f"{name.replace(' ', '-')}.fst", r.cycles)
        await FallingEdge(dut.clk)
        return r

    free: dict[str, Stall] = dict.fromkeys(ports, never)
    for scenario in data["scenarios"]:
        rng = random.Random(f"{seed} {scenario}")
        if scenario == "single":
            r = await run("single", free, cases=1)
            if not failures and data["timing"]:
                fails("single", *single_timing(r, data["timing"]))
        elif scenario == "free":
            r = await run("free", free)
            if not failures and data["timing"]:
                fails("free", *interval_timing(r, data))
        elif scenario == "alone":
            for port in ports:
                await run(f"alone {port}", free | {port: randomly(rng)})
        elif scenario == "all":
            await run("all", {p: randomly(rng) for p in ports})
        elif scenario == "bursts":
            await run("bursts", {p: after_each_beat(rng) for p in ports})
        elif scenario == "pause":
            await run("pause", {p: long_pause(rng, horizon) for p in ports})
        elif scenario == "hold":
            await run("hold", free | {p: until(horizon + 50) for p in data["outputs"]})
        elif scenario == "reset":
            await run("until a reset", free, stop_at=rng.randrange(2, horizon + 2))
            await run("after a reset in mid-tensor", free)
        else:
            raise ValueError(f"scenario must be one of the bench's, not {scenario!r}")
    if failures:
        stimulus.with_name("failures.json").write_text(json.dumps(failures))
    told = "\n".join(map(str, failures))
    assert not failures, f"seed {seed}, {data['spec']}:\n{told}"


def waves_of(data: dict[str, Any]) -> "BenchWaves | None":
    """What records a run, if a wave file is wanted."""
    if data["waves"] is None:
        return None
    from .bench_waves import BenchWaves

    return BenchWaves(data["kernel"], data["types"])


def single_timing(r: BenchRun, expected: dict[str, int]) -> list[str]:
    """Latency and drain of one invocation alone."""
    first_in = min(r.accepted[n][0] for n in r.inputs if r.inputs[n])
    last_in = max(r.accepted[n][-1] for n in r.inputs if r.inputs[n])
    first_out = min(r.offered[n][0] for n in r.outputs if r.outputs[n])
    last_out = max(r.offered[n][-1] for n in r.outputs if r.outputs[n])
    measured = {"latency": first_out - first_in, "drain": last_out - last_in}
    return [
        f"{what} must be {expected[what]} cycles, not {cycles}"
        for what, cycles in measured.items()
        if cycles != expected[what]
    ]


def interval_timing(r: BenchRun, data: dict[str, Any]) -> list[str]:
    """Interval between the first output beats of two consecutive invocations."""
    pair, expected = data["timing"]["pair"], data["timing"]["interval"]
    if pair is None:
        return []
    ends = data["ends"]
    name = min(r.outputs, key=lambda n: r.accepted[n][ends[pair - 1][n]])
    before = ends[pair - 2][name]
    cycles = r.offered[name][ends[pair - 1][name]] - r.offered[name][before]
    return [] if cycles == expected else [f"interval must be {expected} cycles, not {cycles}"]
