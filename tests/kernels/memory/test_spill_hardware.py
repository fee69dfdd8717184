# SPDX-License-Identifier: Apache-2.0
"""Both spill kernels around one memory with stalls."""

import random
from collections import deque

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from streamhw.kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from streamhw.kernels.memory.spill_hardware import SpillReadKernel, SpillWriteKernel
from streamhw.stream.itensor.itensor import ITensor
from tests.kernels.memory.spills import (
    NAMES,
    PAIRS,
    values,
)


class Pair(wiring.Component):
    """Write and read kernel of one stream."""

    def __init__(self, write: wiring.Component, read: wiring.Component) -> None:
        self.write, self.read = write, read
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.write, m.submodules.read = self.write, self.read
        wiring.connect(m, self.write.o_written, self.read.i_written)
        wiring.connect(m, self.read.o_free, self.write.i_free)
        return m


@pytest.mark.parametrize("source, target, width", PAIRS, ids=NAMES)
@pytest.mark.parametrize("seed", [0, 1])
def test_reads_what_was_written(source: ITensor, target: ITensor, width: int, seed: int) -> None:
    """Invocations through a memory that is overwritten by each; seed 0 never stalls."""
    shape = {"source": source, "target": target, "width": width, "offset": 3 * width}
    writing, reading = SpillWriteSpec(**shape), SpillReadSpec(**shape)
    write, read = writing.create(), reading.create()
    assert isinstance(write, SpillWriteKernel) and isinstance(read, SpillReadKernel)
    rng = random.Random(seed)
    memory = bytearray(b"\xee" * (shape["offset"] + writing.layout.bytes))
    symbol = writing.layout.symbol is not None
    inputs: dict[str, deque[int]] = {k: deque() for k in ("n_w", "n_r", "i", "done", "data")}
    wanted: list[int] = []
    for index, n in enumerate((3, 1, 2, 3)):
        if symbol:
            inputs["n_w"].append(n)
            inputs["n_r"].append(n)
        tensor = values(source, n, index)
        mask = (1 << source.fmt.width) - 1
        for type, into in ((source, inputs["i"]), (target, wanted)):
            for beat in type.pack(tensor, {"tokens": n}).tolist():
                code = sum((v & mask) << (i * source.fmt.width) for i, v in enumerate(beat))
                into.append(code)
    sources = {"i": write.i, "done": write.i_done, "data": read.i_data}
    if symbol:
        sources |= {"n_w": write.i_tokens, "n_r": read.i_tokens}
    sinks = {
        "write": write.o_command,
        "write_data": write.o_data,
        "read": read.o_command,
        "o": read.o,
    }
    taken: dict[str, list[int]] = {name: [] for name in sinks}

    def answer() -> None:
        """The memory: whole commands in order."""
        while taken["write"] and taken["write_data"]:
            address = taken["write"].pop(0) & (2**40 - 1)
            word = taken["write_data"].pop(0)
            for byte in range(width // 8):
                if word >> (width + byte) & 1:
                    memory[address + byte] = word >> (8 * byte) & 255
            inputs["done"].append(0)
        while taken["read"]:
            code = taken["read"].pop(0)
            address, beats = code & (2**40 - 1), code >> 40
            for at in range(address, address + beats * width // 8, width // 8):
                inputs["data"].append(int.from_bytes(memory[at : at + width // 8], "little"))

    async def bench(ctx):  # type: ignore[no-untyped-def]
        held = dict.fromkeys(sources, False)
        for _ in range(4000):
            for name, port in sources.items():
                if not held[name] and inputs[name] and (not seed or rng.random() < 0.5):
                    held[name] = True
                    ctx.set(port.payload.as_value(), inputs[name][0])
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
            answer()
            if len(taken["o"]) == len(wanted):
                return
            await ctx.tick()

    simulator = Simulator(Pair(write, read))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert taken["o"] == wanted
