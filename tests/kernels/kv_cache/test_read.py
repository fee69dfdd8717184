# SPDX-License-Identifier: Apache-2.0
"""Bench of the kernel that reads a cache: alone, timed, and behind the one that appends."""

import random
from collections import deque

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from streamhw.kernels.kv_cache.append import CacheAppendSpec
from streamhw.kernels.kv_cache.read import CacheReadSpec
from streamhw.testing import Case, check_kernel
from tests.kernels.kv_cache.caches import (
    ODD,
    SHAPES,
    WHOLE,
    BasedRead,
    parameters,
    step,
)

READ = [
    *((*s[:2], *s[3:], 1, 1) for s in SHAPES),
    (1, 16, 4, 128, 3, 1),
    (1, 32, 32, 64, 2, 1),
    *((*s[:2], *s[3:], 1, positions) for s in WHOLE for positions in (2, 4)),
    (1, 8, 8, 512, 3, 2),
]
CACHES = [
    *((s, 8) for s in READ),
    *((s, 4) for s in (*READ, *((*s[:2], *s[3:], 1, n) for s in ODD for n in (1, 4)))),
]


@pytest.mark.parametrize("windows", [(), (2, 16, 7)])
@pytest.mark.parametrize("shape, bits", CACHES)
def test_read_equals_golden(shape: tuple[int, ...], bits: int, windows: tuple[int, ...]) -> None:
    """What memory has behind the last row is not zeros, but what is sent is. Windows of 2 begin
    within the step of three tokens, those of 16 hide nothing."""
    parallel_heads, head_dim, lanes, width, shared, positions = shape
    spec = BasedRead(
        **parameters(parallel_heads, head_dim, lanes, width, bits),
        shared=shared,
        positions=positions,
        windows=windows,
    )
    layout = spec.layout
    rng = np.random.default_rng(head_dim)
    cases = []
    steps = ((1, 0, 0), (3, 1, 2), (1, 15, 1), (2, 5, 0), (3, 11, 0), (3, 12, 2), (3, 3, 0))
    for n, position, layer in steps:
        lengths = spec.rows.lengths(position, n, layer)
        begins = [spec.rows.begin(position + t, layer) for t in range(n)]
        rows = rng.integers(0, 256, (16, layout.groups, layout.row), dtype=np.uint8)
        words = []
        for begin, length in zip(begins, lengths, strict=True):
            for group in np.repeat(range(layout.groups), shared):
                stored = np.full((length, layout.pitch), 0xAA, dtype=np.uint8)
                stored[:, : layout.row] = rows[begin : begin + length, group]
                content = stored.tobytes()
                content = content.ljust(spec.memory_beats(length) * layout.beat_bytes, b"\xbb")
                words += [
                    int.from_bytes(content[at : at + layout.beat_bytes], "little")
                    for at in range(0, len(content), layout.beat_bytes)
                ]
        inputs = {
            "i_step": step(spec, n, position, layer),
            "i_written": np.zeros(n, dtype=np.int64),
            "i_data": np.array(words, dtype=object),
        }
        cases.append(Case(inputs=inputs, symbol_values={"tokens": n, "length": lengths}))
        assert spec.traffic(cases[-1].symbol_values) == len(words)
        got = spec.compute(inputs, cases[-1].symbol_values)["o"]
        found = got[-1] if windows else got
        # the second of two elements of 4 bits is in the high end of a byte
        low, high = ((rows.astype(np.int64) >> at & 15 ^ 8) - 8 for at in (0, 4))
        both = np.stack([low, high], axis=-1).reshape(16, layout.groups, -1)
        elements = rows.astype(np.int8) if bits == 8 else both[..., : layout.elements]
        wanted = elements.reshape(16, -1)[begins[-1] :][: lengths[-1]]
        assert (found[: lengths[-1]] == wanted).all()
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


@pytest.mark.parametrize(
    "shape, positions",
    [
        *((SHAPES[n], 1) for n in (0, 1, 2, 8, 9, 11)),
        *((SHAPES[n], positions) for n in (3, 8, 9, 10) for positions in (2, 4)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("windows", [(), (2, 16, 16)])
@pytest.mark.parametrize("bits", [8, 4])
def test_reads_what_was_appended(
    shape: tuple[int, ...], positions: int, seed: int, windows: tuple[int, ...], bits: int
) -> None:
    """Steps of two layers through a memory; seed 0 never stalls and checks the rate of reads."""
    parallel_heads, head_dim, in_lanes, out_lanes, width = shape
    appending = CacheAppendSpec(**parameters(parallel_heads, head_dim, in_lanes, width, bits))
    reading = CacheReadSpec(
        **parameters(parallel_heads, head_dim, out_lanes, width, bits),
        positions=positions,
        windows=windows,
        together=8 if seed and windows else 1,
    )
    features = appending.heads * head_dim
    append, read = appending.create(), reading.create()
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    steps = [(3, 0, 0), (3, 0, 1), (2, 3, 0), (2, 3, 1), (1, 5, 0)]
    memory = bytearray(b"\xee" * (appending.offset + appending.layout.size))
    rows = {layer: np.zeros((16, features), dtype=np.int64) for layer in range(2)}
    inputs: dict[object, deque[int]] = {
        k: deque() for k in ("step_a", "step_r", "i", "done", "data")
    }
    wanted: list[int] = []
    for n, position, layer in steps:
        code = int(step(appending, n, position, layer)[0])
        inputs["step_a"].append(code)
        inputs["step_r"].append(code)
        new = numbers.integers(-(1 << bits - 1), 1 << bits - 1, (n, features))
        rows[layer][position : position + n] = new
        symbol_values = {"tokens": n, "length": reading.rows.lengths(position, n, layer)}
        stored = rows[layer]
        if windows:
            begins = [reading.rows.begin(position + t, layer) for t in range(n)]
            stored = np.stack([np.roll(stored, -begin, axis=0) for begin in begins])
        for name, spec, tensor in (("i", appending, new), ("o", reading, stored)):
            beats = spec.port(name).type.pack(tensor, symbol_values)
            mask = (1 << bits) - 1
            codes = [sum((e & mask) << i * bits for i, e in enumerate(b.tolist())) for b in beats]
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
    if not seed and not windows:  # in a short row there is a wait for the row of the step
        # the last head of the longest row comes at one beat a cycle, or one of memory
        beats = reading.rounds(6)
        late = cycles[-1] - cycles[-beats] - (beats - 1) * reading.joined
        # Of two beats that are read once, the second has the row of the step: a command of its own.
        assert late == int(reading.layout.groups == 1 and beats == 2 and reading.joined == 1)


WRITTEN = 60
"""The cycle in which the timed reader is told of the row of its step."""


@pytest.mark.parametrize(
    "shape, positions",
    [
        *((SHAPES[n], 1) for n in (0, 2, 6, 9, 11)),
        *((SHAPES[n], positions) for n in (6, 9, 11) for positions in (2, 4)),
    ],
)
@pytest.mark.parametrize("windows", [(), (5, 16, 16)])
def test_read_timing(shape: tuple[int, ...], positions: int, windows: tuple[int, ...]) -> None:
    """One token behind 9 others: commands of old rows before ``i_written``, then a beat a cycle.
    With a window of 5, those of fewer rows.

    Memory beats come a cycle after they are asked for, as long as the reader takes them.
    """
    parallel_heads, head_dim, _, lanes, width = shape
    spec = CacheReadSpec(
        **parameters(parallel_heads, head_dim, lanes, width), positions=positions, windows=windows
    )
    symbol_values, kernel = {"tokens": 1, "length": spec.rows.lengths(9, 1, 0)}, spec.create()
    timing = spec.timing(symbol_values)
    seen: dict[str, list[int]] = {"command": [], "data": [], "o": []}
    code = int(step(spec, 1, 9, 0)[0])

    async def bench(ctx):  # type: ignore[no-untyped-def]
        asked, step_taken = 0, False
        ctx.set(kernel.o_command.ready, 1)
        ctx.set(kernel.o.ready, 1)
        ctx.set(kernel.i_step.payload.as_value(), code)
        for cycle in range(600):
            ctx.set(kernel.i_step.valid, not step_taken)
            ctx.set(kernel.i_written.valid, cycle == WRITTEN)
            ctx.set(kernel.i_data.valid, asked > 0)
            step_taken = step_taken or ctx.get(kernel.i_step.ready)
            if asked and ctx.get(kernel.i_data.ready):
                seen["data"].append(cycle)
                asked -= 1
            if ctx.get(kernel.o_command.valid):
                seen["command"].append(cycle)
                asked += ctx.get(kernel.o_command.payload.as_value()) >> 40
            if ctx.get(kernel.o.valid):
                seen["o"].append(cycle)
            await ctx.tick()

    simulator = Simulator(kernel)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    layout = spec.layout
    assert seen["command"][:2] == [4, WRITTEN + 2]
    begin = spec.rows.begin(9, 0)
    old = layout.whole_beats(9) - layout.whole_beats(begin)
    assert old == sum(cycle < WRITTEN for cycle in seen["data"])
    assert len(seen["data"]) == spec.traffic(symbol_values)
    assert seen["o"][0] - seen["data"][0] == timing.latency
    # behind the rows of this step there is no gap
    after = [cycle for cycle in seen["o"] if cycle > WRITTEN + 2]
    assert after[-1] - after[0] == (len(after) - 1) * spec.joined
    assert len(seen["o"]) * spec.joined == timing.interval


@pytest.mark.parametrize(
    "change, text",
    [
        ({"lanes": 3}, "lanes must divide a row of 16 elements, not 3"),
        ({"head_dim": 24, "lanes": 3}, "lanes must be a row of 24 elements, which does not fill"),
        ({"head_dim": 48, "lanes": 24}, "lanes must divide or be divided by a beat of 16 elements"),
        ({"parallel_heads": 3}, "lanes must be a row of 48 elements, which passes at once, not 4"),
        (
            {"parallel_heads": 3, "lanes": 48, "shared": 2},
            "shared must be at least 1, and 1 with 3 parallel heads, not 2",
        ),
        ({"outstanding": 1}, "outstanding must be at least 2, not 1"),
        ({"windows": (4, 4)}, "windows must be of 3 layers, not 2"),
        ({"together": 3}, "together must be a power of two, not 3"),
        ({"positions": 2}, "lanes must be a row of 16 elements where 2 positions pass in a beat"),
        (
            {"positions": 3},
            "positions must be a power of two that divides the context of 16, not 3",
        ),
    ],
)
def test_read_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        CacheReadSpec(**{**parameters(1, 16, 4, 128), **change})
