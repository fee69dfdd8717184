# SPDX-License-Identifier: Apache-2.0
"""Bench of the cache: commands, data and their order, alone and around a memory with stalls."""

import random
from collections import deque

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator
from based import Based
from streamhw.sim.bench import Case, check_kernel

from streamhw.kernels.cache import CacheAppend, CacheRead

BASE = 0x12_3400_0000
SHAPES = [(16, 4, 128), (4, 2, 128), (32, 8, 128), (8, 8, 64), (8, 1, 512)]


class BasedAppend(CacheAppend):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, bindings):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, bindings)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


class BasedRead(CacheRead):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, bindings):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, bindings)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


def parameters(head_dim: int, lanes: int, width: int) -> dict[str, int]:
    shape = {"heads": 3, "head_dim": head_dim, "context": 16, "layers": 3, "tokens": 3}
    return shape | {"lanes": lanes, "width": width, "offset": 7 * width}


def step(spec: CacheAppend | CacheRead, n: int, position: int, layer: int) -> np.ndarray:
    fields = {"tail": 0, "head": 1, "tokens": n, "position": position, "layer": layer}
    return np.array([spec.step.const(fields).as_value().value])


@pytest.mark.parametrize("head_dim, lanes, width", SHAPES)
def test_append_equals_golden(head_dim: int, lanes: int, width: int) -> None:
    spec = BasedAppend(**parameters(head_dim, lanes, width))
    rng = np.random.default_rng(head_dim)
    cases = [
        Case(
            inputs={
                "i_step": step(spec, n, position, layer),
                "i": rng.integers(-128, 128, (n, 3 * head_dim)),
                "i_done": np.zeros(3 * n, dtype=np.int64),
            },
            bindings={"tokens": n},
        )
        for n, position, layer in ((1, 0, 0), (3, 1, 2), (2, 14, 1), (3, 5, 0))
    ]
    check_kernel(spec, cases, timing=False)


@pytest.mark.parametrize(
    "head_dim, lanes, width, shared", [(*shape, 1) for shape in SHAPES] + [(16, 4, 128, 3)]
)
def test_read_equals_golden(head_dim: int, lanes: int, width: int, shared: int) -> None:
    spec = BasedRead(**parameters(head_dim, lanes, width), shared=shared)
    rng = np.random.default_rng(head_dim)
    cases = []
    for n, position, layer in ((1, 0, 0), (3, 1, 2), (1, 15, 1), (2, 5, 0)):
        lengths = [position + t + 1 for t in range(n)]
        rows = rng.integers(0, 256, (16, 3, head_dim), dtype=np.uint8)
        words = []
        for length in lengths:
            for head in np.repeat(range(3), shared):
                size = spec.beats(length) * spec.beat_bytes
                content = rows[:, head].tobytes()[: length * head_dim].ljust(size, b"\xaa")
                words += [
                    int.from_bytes(content[at : at + spec.beat_bytes], "little")
                    for at in range(0, size, spec.beat_bytes)
                ]
        inputs = {
            "i_step": step(spec, n, position, layer),
            "i_written": np.zeros(n, dtype=np.int64),
            "i_data": np.array(words, dtype=object),
        }
        cases.append(Case(inputs=inputs, bindings={"tokens": n, "length": lengths}))
        got = spec.compute(inputs, cases[-1].bindings)["o"][: lengths[-1]]
        wanted = rows.astype(np.int8).reshape(16, -1)[: lengths[-1]]
        assert (got == wanted).all()
    check_kernel(spec, cases, timing=False)


class Loop(wiring.Component):
    """Append and read kernel of one cache."""

    def __init__(self, append: wiring.Component, read: wiring.Component) -> None:
        self.append, self.read = append, read
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.append, m.submodules.read = self.append, self.read
        wiring.connect(m, self.append.o_written, self.read.i_written)
        return m


@pytest.mark.parametrize("head_dim, lanes, width", SHAPES[:3])
@pytest.mark.parametrize("seed", [0, 1])
def test_reads_what_was_appended(head_dim: int, lanes: int, width: int, seed: int) -> None:
    """Steps of two layers through a memory; seed 0 never stalls and checks the rate of reads."""
    shape = parameters(head_dim, lanes, width)
    appending, reading = CacheAppend(**shape), CacheRead(**shape)
    append, read = appending.create(), reading.create()
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    steps = [(3, 0, 0), (3, 0, 1), (2, 3, 0), (2, 3, 1), (1, 5, 0)]
    memory = bytearray(b"\xee" * (shape["offset"] + appending.size))
    rows = {layer: np.zeros((16, 3 * head_dim), dtype=np.int64) for layer in range(2)}
    inputs: dict[object, deque[int]] = {
        k: deque() for k in ("step_a", "step_r", "i", "done", "data")
    }
    wanted: list[int] = []
    for n, position, layer in steps:
        code = int(step(appending, n, position, layer)[0])
        inputs["step_a"].append(code)
        inputs["step_r"].append(code)
        new = numbers.integers(-128, 128, (n, 3 * head_dim))
        rows[layer][position : position + n] = new
        bindings = {"tokens": n, "length": [position + t + 1 for t in range(n)]}
        for name, spec, tensor in (("i", appending, new), ("o", reading, rows[layer])):
            beats = spec.port(name).type.pack(tensor, bindings)
            codes = [int.from_bytes(bytes((b & 255).tolist()), "little") for b in beats]
            (inputs["i"] if name == "i" else wanted).extend(codes)
    sources = {
        "step_a": append.i_step,
        "step_r": read.i_step,
        "i": append.i,
        "done": append.i_done,
        "data": read.i_data,
    }
    sinks = {
        "write": append.o_command,
        "write_data": append.o_data,
        "read": read.o_command,
        "o": read.o,
    }
    taken: dict[str, list[int]] = {name: [] for name in sinks}
    cycles: list[int] = []

    def answer() -> None:
        """The memory: whole commands in order."""
        while taken["write"]:
            address, beats = taken["write"][0] & (2**40 - 1), taken["write"][0] >> 40
            if len(taken["write_data"]) < beats:
                break
            taken["write"].pop(0)
            for beat in range(beats):
                word = taken["write_data"].pop(0)
                for byte in range(width // 8):
                    if word >> (width + byte) & 1:
                        memory[address + beat * width // 8 + byte] = word >> (8 * byte) & 255
            inputs["done"].append(0)
        while taken["read"]:
            code = taken["read"].pop(0)
            address, beats = code & (2**40 - 1), code >> 40
            for at in range(address, address + beats * width // 8, width // 8):
                inputs["data"].append(int.from_bytes(memory[at : at + width // 8], "little"))

    async def bench(ctx):  # type: ignore[no-untyped-def]
        held = dict.fromkeys(sources, False)
        for cycle in range(20000):
            for name, port in sources.items():
                if not held[name] and inputs[name] and (not seed or rng.random() < 0.5):
                    held[name] = True
                    ctx.set(
                        port.payload.as_value()
                        if hasattr(port.payload, "as_value")
                        else port.payload,
                        inputs[name][0],
                    )
                ctx.set(port.valid, held[name])
            for port in sinks.values():
                ctx.set(port.ready, not seed or rng.random() < 0.5)
            for name, port in sources.items():
                if held[name] and ctx.get(port.ready):
                    held[name] = False
                    inputs[name].popleft()
            for name, port in sinks.items():
                if ctx.get(port.valid) and ctx.get(port.ready):
                    taken[name].append(ctx.get(port.payload.as_value()))
                    if name == "o":
                        cycles.append(cycle)
            answer()
            if len(taken["o"]) == len(wanted):
                return
            await ctx.tick()

    simulator = Simulator(Loop(append, read))
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert taken["o"] == wanted
    if not seed:
        # the last head of the longest row comes at one beat a cycle
        beats = 6 * reading.fold
        assert cycles[-1] - cycles[-beats] == beats - 1


@pytest.mark.parametrize(
    "change, text",
    [
        ({"width": 96}, "width must be 8 times a power of two, not 96"),
        ({"head_dim": 24}, "head_dim must divide or be a multiple of 16 bytes, not 24"),
        ({"head_dim": 4, "context": 5}, "context must fill whole beats of 16 bytes"),
        ({"lanes": 3}, "lanes must divide 16 bytes of a beat, not 3"),
        ({"offset": 8}, "offset must be a multiple of 16 bytes, not 8"),
    ],
)
def test_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        CacheAppend(**{**parameters(16, 4, 128), **change})
