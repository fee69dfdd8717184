# SPDX-License-Identifier: Apache-2.0
"""A board in Amaranth's simulator as a transport: host code runs, and moves the time on."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, ResetInserter, Signal, Value
from amaranth.sim import Simulator

from streamhw.peripherals.host_link.uart_link import UartLink
from tests.compiled import CompiledRun, compile_component
from tests.peripherals.host_link.bus_models import MemoryModel, RegisterModel

__all__ = ["BIT", "BUILD", "CYCLE", "TIMEOUT", "Noise", "SimulatedBoard", "compile_board"]

CYCLE = 1e-8  # seconds
BIT = 4  # cycles
BUILD = 0xC0FFEE42
TIMEOUT = 200  # cycles of a bus
REGISTER_ADDRESS = 8
STEP = 40  # cycles between two looks of the host: the time of a byte


@dataclass(frozen=True)
class Noise:
    """Shares of the bytes that something happens to."""

    lost: float = 0.0
    flipped: float = 0.0
    unframed: float = 0.0  # only towards the board: the stop bit is 0
    breaks: float = 0.0  # the same: the line is 0 for a while behind it


def compile_board(folder: Path) -> Path:
    """The library of a ``SimulatedBoard``, made in an empty folder."""
    top = _Top()
    return compile_component(top, top.ports(), folder)


class SimulatedBoard:
    """``UartLink`` with models behind its buses and faults on its pins; a ``Transport``.

    library: of ``compile_board``; without it Amaranth's simulator runs, at a tenth of the speed
    cut: bytes that the host still sends before it dies, ``None`` if it lives
    reset_in: cycles until the link is reset
    """

    def __init__(self, seed: int | str, *, noise: Noise = Noise(), library: Path | None = None):
        self.rng = Random(seed)
        self.noise = noise
        self.cut: int | None = None
        self.reset_in: int | None = None
        self.resets = 0  # of the design
        self._in_reset = False
        self.cycle = 0
        self._bits: deque[int] = deque()  # on their way to the board, one a cycle
        self._received = bytearray()
        self._top = _Top()
        self.link = self._top.link
        self.registers = RegisterModel(self.link.registers, self.rng)
        self.memory = MemoryModel(self.link.memory, self.rng)
        self._simulator: Simulator | None = None
        if library is not None:
            self._compiled = CompiledRun(library, self._top.ports(), self._bench)
            return
        self._simulator = Simulator(self._top)
        self._simulator.add_clock(CYCLE)
        self._simulator.add_testbench(self._bench, background=True)

    def write(self, data: bytes) -> None:
        """Sends all of it, which takes its time."""
        for byte in data:
            if self.cut is not None:
                if self.cut == 0:
                    raise ConnectionError("the host died")
                self.cut -= 1
            self._bits += self._on_line(byte)
        while self._bits:
            self.run(len(self._bits))

    def read(self, timeout: float) -> bytes:
        for _ in range(round(timeout / CYCLE / STEP)):
            if self._received:
                break
            self.run(STEP)
        found = bytes(self._received)
        self._received.clear()
        return found

    def close(self) -> None:
        """The line stays: another host may open it."""

    def send_bits(self, bits: list[int]) -> None:
        """What is no byte."""
        self._bits += [bit for bit in bits for _ in range(BIT)]
        self.run(len(self._bits) + STEP)

    def watch(self, process: Callable[[Any], Awaitable[None]]) -> None:
        """Runs a process of Amaranth's simulator beside all else."""
        assert self._simulator is not None
        self._simulator.add_testbench(process, background=True)

    def run(self, cycles: int) -> None:
        """Moves the time on."""
        self.cycle += cycles
        if self._simulator is None:
            self._compiled.run(cycles)
        else:
            self._simulator.run_until((self.cycle + 0.25) * CYCLE)

    def _happens(self, share: float) -> bool:
        return share > 0 and self.rng.random() < share

    def _spoiled(self, byte: int) -> int | None:
        """The byte as it arrives, if it does."""
        if self._happens(self.noise.lost):
            return None
        return byte ^ 1 << self.rng.randrange(8) if self._happens(self.noise.flipped) else byte

    def _on_line(self, byte: int) -> list[int]:
        spoiled = self._spoiled(byte)
        if spoiled is None:
            return [1] * self.rng.randrange(3 * BIT)
        stop = 0 if self._happens(self.noise.unframed) else 1
        bits = [0, *(spoiled >> n & 1 for n in range(8)), stop]
        if self._happens(self.noise.breaks):
            bits += [0] * self.rng.randrange(40) + [1]
        return [bit for bit in bits for _ in range(BIT)]

    async def _bench(self, ctx: Any) -> None:
        """One cycle after another; what rests is not touched, which is what takes the time."""
        listener = _Listener(self._take)
        line = 1
        shows = True
        passed: list[Any] = []
        while True:
            if (bit := self._bits.popleft() if self._bits else 1) != line:
                line = bit
                ctx.set(self.link.rx, line)
            resetting = self._count_down()
            if resetting:
                ctx.set(self._top.reset, 1)
            looks = ctx.get(self._top.looks)
            listener.look(looks & 1)
            before, shows = shows, bool(looks >> 1)
            if resetting or before or shows or self.registers.waits or self.memory.waits:
                passed = self._buses(ctx, resetting)
            await ctx.tick()
            for channel in passed:
                ctx.set(channel.valid, 0)
            passed = []
            if resetting:
                ctx.set(self._top.reset, 0)

    def _buses(self, ctx: Any, resetting: bool) -> list[Any]:
        """Channels whose valid must fall behind the clock edge."""
        passed: list[Any] = []
        in_reset = bool(ctx.get(self.link.design_reset))
        self.resets += in_reset and not self._in_reset
        self._in_reset = in_reset
        for model in (self.registers, self.memory):
            if resetting or (in_reset and model is self.registers):
                model.forget(ctx)
            else:
                model.drive(ctx)
                passed += model.look(ctx)
        return passed

    def _count_down(self) -> bool:
        if self.reset_in is None:
            return False
        self.reset_in -= 1
        if self.reset_in > 0:
            return False
        self.reset_in = None
        return True

    def _take(self, byte: int) -> None:
        spoiled = self._spoiled(byte)
        if spoiled is not None:
            self._received.append(spoiled)


class _Top(Elaboratable):
    """The link with a reset of its own.

    looks: the line to the host; whether something shows at the buses
    """

    def __init__(self) -> None:
        self.link = UartLink(
            clock=1 / CYCLE,
            baud=1 / CYCLE / BIT,
            build=BUILD,
            register_address=REGISTER_ADDRESS,
            memory_address=40,
            timeout=TIMEOUT,
        )
        self.reset = Signal()
        self.looks = Signal(2)
        self._channels = {
            f"{bus}_{channel}": getattr(getattr(self.link, bus), channel)
            for bus in ("registers", "memory")
            for channel in ("aw", "w", "b", "ar", "r")
        }

    def ports(self) -> dict[str, Signal]:
        """All that a bench drives or looks at."""
        found = {"link_reset": self.reset, "looks": self.looks, "rx": self.link.rx}
        found["design_reset"] = self.link.design_reset
        for name, channel in self._channels.items():
            for part in ("valid", "ready", "payload"):
                found[f"{name}_{part}"] = Value.cast(getattr(channel, part))
        return found

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.link = ResetInserter(self.reset)(self.link)
        asks = [
            channel.valid
            for name, channel in self._channels.items()
            if name.endswith(("_aw", "_w", "_ar"))
        ]
        shows = Cat(*asks, self.link.design_reset).any()
        m.d.comb += self.looks.eq(Cat(self.link.tx, shows))
        return m


class _Listener:
    """Reads bytes off a line of exact bits, looking at their middle."""

    def __init__(self, take: Callable[[int], None]):
        self._take = take
        self._cycle = -1  # since the start bit began
        self._byte = 0

    def look(self, line: int) -> None:
        if self._cycle < 0:
            self._cycle = 0 if line == 0 else -1
            self._byte = 0
            return
        self._cycle += 1
        number, phase = divmod(self._cycle, BIT)
        if phase != BIT // 2 or number == 0:
            return
        if number <= 8:
            self._byte |= line << number - 1
            return
        self._cycle = -1
        if line:  # else the link was reset in mid-byte
            self._take(self._byte)
