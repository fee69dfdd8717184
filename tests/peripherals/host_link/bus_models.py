# SPDX-License-Identifier: Apache-2.0
"""Registers behind AXI4-Lite and memory behind AXI4, a cycle a time; both check the bus's rules.

Nothing here is shared with the hardware: both know AXI by its rules alone.
"""

from collections import deque
from random import Random
from typing import Any

from tests.stream.axi.guard_bench import Shown

__all__ = ["MemoryModel", "RegisterModel"]


class _Model:
    """What both have: delays by chance, and a bus that may fall silent.

    silent: nothing is taken and nothing is answered
    """

    def __init__(self, bus: Any, rng: Random, *, flow: float):
        self.bus, self._rng, self._flow = bus, rng, flow
        self.silent = False
        self._shown = [Shown(name, getattr(bus, name)) for name in ("aw", "w", "ar")]
        self._answers: dict[str, deque[dict[str, int]]] = {"b": deque(), "r": deque()}
        self._offered: set[str] = set()

    def forget(self, ctx: Any) -> None:
        """Both sides of the bus were reset."""
        self._shown = [Shown(shown.name, shown.channel) for shown in self._shown]
        self._offered.clear()
        for name, answers in self._answers.items():
            answers.clear()
            ctx.set(getattr(self.bus, name).valid, 0)

    @property
    def waits(self) -> bool:
        """Whether it has to answer something."""
        return any(self._answers.values())

    def drive(self, ctx: Any) -> None:
        """Before the clock edge: readies where something is shown, and the answers that are due."""
        for shown in self._shown:
            if ctx.get(shown.channel.valid):
                ctx.set(shown.channel.ready, self._willing())
        for name, answers in self._answers.items():
            if answers and name not in self._offered and self._willing():
                self._offered.add(name)
                channel = getattr(self.bus, name)
                ctx.set(channel.valid, 1)
                ctx.set(channel.payload, answers[0])

    def look(self, ctx: Any) -> list[Any]:
        """Also before it: what passes. Channels whose answer is taken: valid falls behind it."""
        for shown in self._shown:
            if shown.look(ctx):
                getattr(self, f"_take_{shown.name}")(ctx, shown.channel.p)
        self._advance()
        taken = [name for name in self._offered if ctx.get(getattr(self.bus, name).ready)]
        for name in taken:
            self._answers[name].popleft()
            self._offered.discard(name)
        return [getattr(self.bus, name) for name in taken]

    def _willing(self) -> bool:
        return not self.silent and self._rng.random() < self._flow

    def _advance(self) -> None:
        raise NotImplementedError


class RegisterModel(_Model):
    """64 registers, of which those from 0xC0 on answer with SLVERR and change nothing.

    writes: every write that was executed, in order: address and value
    """

    ERRORS = 0xC0

    def __init__(self, bus: Any, rng: Random, *, flow: float = 0.5):
        super().__init__(bus, rng, flow=flow)
        self.values = {address: rng.getrandbits(32) for address in range(0, self.ERRORS, 4)}
        self.writes: list[tuple[int, int]] = []
        self._addresses: deque[int] = deque()
        self._data: deque[int] = deque()

    def forget(self, ctx: Any) -> None:
        super().forget(ctx)
        self._addresses.clear()
        self._data.clear()

    def _take_aw(self, ctx: Any, payload: Any) -> None:
        self._addresses.append(ctx.get(payload.addr))

    def _take_w(self, ctx: Any, payload: Any) -> None:
        assert ctx.get(payload.strb) == 0b1111
        self._data.append(ctx.get(payload.data))

    def _take_ar(self, ctx: Any, payload: Any) -> None:
        address = ctx.get(payload.addr)
        legal = address < self.ERRORS
        data = self.values[address] if legal else self._rng.getrandbits(32)
        self._answers["r"].append({"data": data, "resp": 0 if legal else 2})

    def _advance(self) -> None:
        while self._addresses and self._data:
            address, value = self._addresses.popleft(), self._data.popleft()
            legal = address < self.ERRORS
            if legal:
                self.values[address] = value
                self.writes.append((address, value))
            self._answers["b"].append({"resp": 0 if legal else 2})


class MemoryModel(_Model):
    """Memory of ``SIZE`` bytes; what is above answers with DECERR.

    writes: every beat with strobes that was written, in order: address and bytes
    """

    SIZE = 4096

    def __init__(self, bus: Any, rng: Random, *, flow: float = 0.5):
        super().__init__(bus, rng, flow=flow)
        self.content = bytearray(rng.randbytes(self.SIZE))
        self.writes: list[tuple[int, bytes]] = []
        self._bursts: deque[tuple[int, int]] = deque()
        self._beats: deque[tuple[int, int, int]] = deque()
        self._filled = 0

    def forget(self, ctx: Any) -> None:
        super().forget(ctx)
        self._bursts.clear()
        self._beats.clear()
        self._filled = 0

    def _burst(self, ctx: Any, payload: Any) -> tuple[int, int]:
        names = ("addr", "len", "size", "burst", "id")
        address, length, size, burst, identifier = (ctx.get(payload[name]) for name in names)
        assert (size, burst, identifier) == (4, 1, 0) and address % 16 == 0 and length < 16
        assert address // 4096 == (address + 16 * length) // 4096, "a burst crosses 4 KiB"
        return address, length + 1

    def _take_aw(self, ctx: Any, payload: Any) -> None:
        self._bursts.append(self._burst(ctx, payload))

    def _take_w(self, ctx: Any, payload: Any) -> None:
        self._beats.append(tuple(ctx.get(payload[name]) for name in ("data", "strb", "last")))

    def _take_ar(self, ctx: Any, payload: Any) -> None:
        address, beats = self._burst(ctx, payload)
        for at in range(address, address + 16 * beats, 16):
            legal = at < self.SIZE
            content = self.content[at : at + 16] if legal else self._rng.randbytes(16)
            last = at == address + 16 * (beats - 1)
            self._answers["r"].append(
                {
                    "id": 0,
                    "data": int.from_bytes(content, "little"),
                    "resp": 0 if legal else 3,
                    "last": int(last),
                }
            )

    def _advance(self) -> None:
        while self._bursts and self._beats:
            (address, beats), (data, strobes, last) = self._bursts[0], self._beats.popleft()
            at = address + 16 * self._filled
            assert strobes in (0, 0xFFFF)
            if strobes and at < self.SIZE:
                self.content[at : at + 16] = data.to_bytes(16, "little")
                self.writes.append((at, data.to_bytes(16, "little")))
            self._filled += 1
            assert bool(last) == (self._filled == beats), "WLAST must be that of the last beat"
            if last:
                self._bursts.popleft()
                self._filled = 0
                self._answers["b"].append({"id": 0, "resp": 0 if address < self.SIZE else 3})
