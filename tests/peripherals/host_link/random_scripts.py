# SPDX-License-Identifier: Apache-2.0
"""Random work of a host over a bad line: each request is executed once, or its failure is told.

What was executed is looked up in the models behind the buses, not asked from the link.
"""

import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from streamhw.peripherals.host_link.protocol import Status
from streamhw.runtime.serial.link import LinkError, SerialLink
from tests.peripherals.host_link.bus_models import MemoryModel, RegisterModel
from tests.peripherals.host_link.simulated_board import BUILD, CYCLE, Noise, SimulatedBoard

__all__ = ["NOISES", "play"]

NOISES = (
    Noise(),
    Noise(lost=0.01),
    Noise(flipped=0.01),
    Noise(unframed=0.02, breaks=0.02),
    Noise(lost=0.01, flipped=0.01, unframed=0.01, breaks=0.01),
)
SILENCE = 1500 * CYCLE
"""Seconds of a try: the longest answer begins before."""

OPENINGS = 30
"""Times that a host tries to open a link over a bad line."""


def play(seed: int, library: Path, *, steps: int = 6) -> Counter[str]:
    """One script; returns how its requests ended. ``library``: of ``compile_board``."""
    script = _Script(seed, library)
    for _ in range(steps):
        script.step()
    script.end()
    return script.results


class _Script:
    def __init__(self, seed: int, library: Path):
        self.rng = Random(f"script {seed}")
        self.board = SimulatedBoard(seed, noise=self.rng.choice(NOISES), library=library)
        self.results: Counter[str] = Counter()
        self.asked: set[Any] = set()  # entries of the logs
        self.late: set[Any] = set()  # what nobody knows whether it was executed
        self.link = self._opened()

    def step(self) -> None:
        request = self.rng.choice(
            (self._write_register, self._read_register, self._write_memory, self._read_memory) * 2
            + (self._crc, self._reset)
        )
        trouble = self.rng.choice((None,) * 3 + ("silent", "reset", "death"))
        if trouble == "silent":
            bus = self.rng.choice((self.board.registers, self.board.memory))
            bus.silent = True
            request()
            bus.silent = False
            self.board.run(200)  # what was asked before is answered now, to nobody
            return
        if trouble == "reset":
            self.board.reset_in = self.rng.randrange(1, 1500)
        if trouble == "death":
            self.board.cut = self.rng.randrange(40)
        request()
        if self.board.cut is not None:
            self.board.cut = None
            self.board.run(self.rng.randrange(1500))
            self.link = self._opened()

    def end(self) -> None:
        """Over a good line all is well again, at once; nothing was executed twice."""
        board = self.board
        board.noise, board.reset_in = Noise(), None
        self.link = SerialLink(board, timeout=SILENCE, tries=3, sequence=self._number())
        assert self.link.identity.build == BUILD
        for request in (self._write_register, self._read_memory):
            before = self.results["done"] + self.results["refused by the bus"]
            request()
            assert self.results["done"] + self.results["refused by the bus"] == before + 1
        for writes in (board.registers.writes, board.memory.writes):
            twice = [what for what, count in Counter(writes).items() if count > 1]
            assert not twice, f"executed twice: {twice}"
            assert set(writes) <= self.asked, "executed what nobody asked for"

    def _number(self) -> int:
        return self.rng.getrandbits(16)

    def _opened(self) -> SerialLink:
        for _ in range(OPENINGS):
            try:
                return SerialLink(self.board, timeout=SILENCE, tries=4, sequence=self._number())
            except LinkError as error:
                assert error.status is None
        raise AssertionError(f"a link must open within {OPENINGS} times")

    def _reopen(self) -> None:
        for _ in range(OPENINGS):
            try:
                self.link.open()
                return
            except ConnectionError:
                return  # another host opens it
            except LinkError as error:
                assert error.status is None
        raise AssertionError(f"a link must open again within {OPENINGS} times")

    def _ask(self, what: Callable[[], Any]) -> tuple[Any, bool | None, Status | None]:
        """Result; whether it was executed, as far as the host knows; status of an error."""
        try:
            found = what()
        except ConnectionError:
            self.results["died"] += 1
            return None, None, None
        except LinkError as error:
            told = error.status in (Status.SLVERR, Status.DECERR)
            self.results["refused by the bus" if told else "not done"] += 1
            if error.status is Status.CLOSED:
                self._reopen()
            assert error.status not in (Status.UNKNOWN, Status.ILLEGAL, Status.EXOKAY)
            return None, error.executed, error.status
        self.results["done"] += 1
        return found, True, Status.OKAY

    def _written(self, log: list[Any], wanted: list[Any], what: Callable[[], Any]) -> Status | None:
        """A request that must leave exactly these in the log, each once."""
        begin = len(log)
        self.asked.update(wanted)
        _, executed, status = self._ask(what)
        found = [entry for entry in log[begin:] if entry not in self.late]
        if executed:
            assert found == wanted
        elif executed is False:
            assert found == []
        else:
            assert found == wanted[: len(found)]
            self.late.update(wanted)
        return status

    def _write_register(self) -> None:
        address, value = 4 * self.rng.randrange(64), self.rng.getrandbits(32)
        legal = address < RegisterModel.ERRORS
        wanted = [(address, value)] if legal else []
        status = self._written(
            self.board.registers.writes,
            wanted,
            lambda: self.link.write_register(address, value),
        )
        assert status != (Status.SLVERR if legal else Status.OKAY)

    def _read_register(self) -> None:
        address = 4 * self.rng.randrange(64)
        legal = address < RegisterModel.ERRORS
        value, _, status = self._ask(lambda: self.link.read_register(address))
        assert status != (Status.SLVERR if legal else Status.OKAY)
        assert value is None or value == self.board.registers.values[address]

    def _range(self) -> tuple[int, int]:
        """Address and size in memory; sometimes behind it."""
        # What is long seldom comes through a bad line, and takes its time.
        size = 16 * self.rng.choice((1, 1, 2, 3 if self.board.noise != Noise() else 16))
        if self.rng.random() < 0.1:
            return MemoryModel.SIZE, size
        return 16 * self.rng.randrange((MemoryModel.SIZE - size) // 16 + 1), size

    def _write_memory(self) -> None:
        address, size = self._range()
        content = self.rng.randbytes(size)
        legal = address < MemoryModel.SIZE
        beats = [(address + n, content[n : n + 16]) for n in range(0, size, 16)]
        status = self._written(
            self.board.memory.writes,
            beats if legal else [],
            lambda: self.link.write_memory(address, content),
        )
        assert status != (Status.DECERR if legal else Status.OKAY)

    def _read_memory(self) -> None:
        address, size = self._range()
        legal = address < MemoryModel.SIZE
        content, _, status = self._ask(lambda: self.link.read_memory(address, size))
        assert status != (Status.DECERR if legal else Status.OKAY)
        assert content is None or content == self.board.memory.content[address : address + size]

    def _crc(self) -> None:
        address, size = self._range()
        legal = address < MemoryModel.SIZE
        crc, _, status = self._ask(lambda: self.link.crc_memory(address, size))
        assert status != (Status.DECERR if legal else Status.OKAY)
        content = self.board.memory.content[address : address + size]
        assert crc is None or crc == zlib.crc32(content)

    def _reset(self) -> None:
        before = self.board.resets
        _, executed, _ = self._ask(lambda: self.link.reset())
        most, least = (0 if executed is False else 1), (1 if executed else 0)
        assert least <= self.board.resets - before <= most
