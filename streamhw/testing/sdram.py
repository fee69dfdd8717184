# SPDX-License-Identifier: Apache-2.0
"""An SDRAM chip in Python, which checks every rule of its data sheet; it knows no controller.

It stands with the benches, not with the controller: boards of users test their tops with it.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, NamedTuple

from amaranth.hdl import Cat

from ..boards.memory.sdram_part import SdramPart

__all__ = ["SdramChip", "SdramInputs", "SdramRuleError", "sdram_bench"]

POSTPONED = 8
"""Refreshes that may be owed at a time, as JEDEC allows."""


class SdramRuleError(AssertionError):
    """What a chip was told breaks its data sheet."""


class SdramInputs(NamedTuple):
    """What a chip sees at an edge of its clock."""

    cke: int = 1
    cs_n: int = 0
    ras_n: int = 1
    cas_n: int = 1
    we_n: int = 1
    ba: int = 0
    a: int = 0
    dqm: int = 0
    dq: int = 0
    oe: int = 0  # whether the controller drives dq


class SdramChip:
    """A chip between edges of its clock: banks, rows, words, and since when.

    Bursts are not cut, rows not closed by reads and writes (A10), and CKE stays 1 once it is:
    what a controller does of these is refused as an error, although chips allow it.

    part: whose times are kept, in nanoseconds; clock_mhz: of the chip
    """

    def __init__(self, part: SdramPart, clock_mhz: float):
        self._part = part
        self._clock_mhz = clock_mhz
        self._period = 1e3 / clock_mhz
        self._now = -1  # edges
        self._awake = False  # CKE was 1
        self._mode: tuple[int, int] | None = None  # burst length, CAS latency
        self._open: list[int | None] = [None] * part.banks
        # since when, in edges; None: never
        self._activated: list[int | None] = [None] * part.banks
        self._precharged: list[int | None] = [None] * part.banks
        self._written: list[int | None] = [None] * part.banks
        self._read: list[int | None] = [None] * part.banks  # the last word is told to come out
        self._refreshed: int | None = None
        self._mode_set: int | None = None
        self._owed_since = 0
        self._refreshes = 0
        self._busy = -1  # last edge of the burst under way
        self._write: tuple[int, int, int, int] | None = None  # edge, bank, row, column
        self._out: dict[int, int] = {}  # words by the edge at which they are valid
        self._masks: dict[int, int] = {}  # DQM by the edge at which it masks a word that is read
        self._words: dict[tuple[int, int, int], int] = {}
        self._junk = Random(part.name)
        self.longest_gap = 0.0  # ns between two refreshes after power-up
        self.commands: dict[str, int] = {}

    def edge(self, pins: SdramInputs) -> int:
        """Takes what is at the pins; returns what is on dq at the next edge.

        Raises ``SdramRuleError`` with the rule that was broken.
        """
        self._now += 1
        now = self._now
        if not pins.cke:
            self._demand(not self._awake, "CKE must stay 1 once it is")
            return self._junk.getrandbits(16)
        self._awake = True
        if not pins.cs_n:
            self._obey(pins.ras_n << 2 | pins.cas_n << 1 | pins.we_n, pins)
        self._masks[now + 2] = pins.dqm
        self._bus(pins)
        self._take(pins)
        if self._mode is not None:
            due = int((now - self._owed_since) * self._period / self._part.t_refi)
            self._demand(
                due - self._refreshes <= POSTPONED, f"at most {POSTPONED} refreshes may be owed"
            )
        self._out.pop(now - 1, None)
        mask = self._masks.pop(now + 1, 0)
        junk = self._junk.getrandbits(16)
        word = self._out.get(now + 1, junk)
        hidden = 0xFF * (mask & 1) | 0xFF00 * (mask >> 1)
        if mask == 0b11:
            self._out.pop(now + 1, None)  # not driven
        return (word & ~hidden) | (junk & hidden)

    def word(self, bank: int, row: int, column: int) -> int:
        """What a cell holds; at first, anything."""
        key = (bank, row, column)
        return self._words.setdefault(key, Random(f"{key}").getrandbits(16))

    def _obey(self, code: int, pins: SdramInputs) -> None:
        names = ("mode", "refresh", "precharge", "activate", "write", "read", "stop", "nothing")
        name = names[code]
        if name == "nothing":
            return
        self.commands[name] = self.commands.get(name, 0) + 1
        self._demand(name != "stop", "bursts must not be stopped")
        self._after("power-up", 0, self._part.power_up)
        self._after("tRFC", self._refreshed, self._part.t_rfc)
        self._after("tMRD", self._mode_set, max(self._part.t_mrd, 2 * self._period))
        match name:
            case "activate":
                self._activate(pins.ba, pins.a)
            case "read" | "write":
                self._access(name, pins)
            case "precharge":
                every = pins.a >> 10 & 1
                for bank in range(self._part.banks) if every else (pins.ba,):
                    self._precharge(bank)
            case "refresh":
                self._at_rest(name)
                if self._mode is not None and self._refreshed is not None:
                    gap = (self._now - self._refreshed) * self._period
                    self.longest_gap = max(self.longest_gap, gap)
                self._refreshed = self._now
                self._refreshes += 1
            case _:
                self._set_mode(pins)

    def _activate(self, bank: int, row: int) -> None:
        self._demand(self._mode is not None, "the mode must be set before a row is opened")
        self._demand(self._open[bank] is None, f"bank {bank} must be closed to open a row")
        self._demand(row < self._part.rows, f"row {row} must exist")
        self._after("tRP", self._precharged[bank], self._part.t_rp)
        self._after("tRC", self._activated[bank], self._part.t_rc)
        for other in range(self._part.banks):
            if other != bank:
                self._after("tRRD", self._activated[other], self._part.t_rrd)
        self._open[bank] = row
        self._activated[bank] = self._now

    def _access(self, name: str, pins: SdramInputs) -> None:
        bank, row = pins.ba, self._open[pins.ba]
        self._demand(row is not None, f"bank {bank} must have an open row for a {name}")
        assert row is not None and self._mode is not None
        length, cas = self._mode
        self._after("tRCD", self._activated[bank], self._part.t_rcd)
        self._demand(pins.a < self._part.columns, f"column {pins.a:#x} must exist, A10 must be 0")
        self._demand(self._busy < self._now, f"a {name} must not cut the burst before it")
        self._busy = self._now + length - 1
        if name == "write":
            self._write = (self._now, bank, row, pins.a)
            self._written[bank] = self._busy
            return
        self._read[bank] = self._busy
        for index in range(length):
            column = pins.a - pins.a % length + (pins.a + index) % length
            self._out[self._now + cas + index] = self.word(bank, row, column)

    def _precharge(self, bank: int) -> None:
        if self._open[bank] is not None:
            self._after("tRAS", self._activated[bank], self._part.t_ras)
            self._after("tWR", self._written[bank], self._part.t_wr)
            self._after("the burst", self._read[bank], self._period)
        self._open[bank] = None
        self._precharged[bank] = self._now

    def _set_mode(self, pins: SdramInputs) -> None:
        self._at_rest("mode")
        enough = self._refreshes >= self._part.refreshes
        self._demand(enough, f"{self._part.refreshes} refreshes must come before the mode")
        length, cas = 1 << (pins.a & 0b111), pins.a >> 4 & 0b111
        plain = length <= 8 and not pins.ba and not pins.a & ~0b1110111
        self._demand(plain, f"mode {pins.a:#x} must be of a sequential burst of 1 to 8")
        least = self._part.cas_latency(self._clock_mhz)
        known = cas in {latency for latency, _ in self._part.cas}
        self._demand(known and cas >= least, f"CAS latency must be at least {least}, not {cas}")
        self._mode = (length, cas)
        self._mode_set = self._owed_since = self._now
        self._refreshes = 0

    def _at_rest(self, name: str) -> None:
        for bank in range(self._part.banks):
            closed = self._open[bank] is None and self._precharged[bank] is not None
            self._demand(closed, f"bank {bank} must be closed for a {name}")
            self._after("tRP", self._precharged[bank], self._part.t_rp)

    def _bus(self, pins: SdramInputs) -> None:
        """A word leaves the bus only some time after the edge at which it is valid."""
        ours = self._now in self._out or self._now - 1 in self._out
        self._demand(not (pins.oe and ours), "the controller must not drive dq while the chip does")

    def _take(self, pins: SdramInputs) -> None:
        if self._write is None or self._mode is None:
            return
        begun, bank, row, first = self._write
        index, length = self._now - begun, self._mode[0]
        self._demand(bool(pins.oe) or pins.dqm == 0b11, "the controller must drive dq of a write")
        keep = 0xFF * (pins.dqm & 1) | 0xFF00 * (pins.dqm >> 1)
        column = first - first % length + (first + index) % length
        old = self.word(bank, row, column)
        self._words[bank, row, column] = (pins.dq & ~keep & 0xFFFF) | (old & keep)
        if index == length - 1:
            self._write = None

    def _after(self, what: str, since: int | None, least: float) -> None:
        if since is None:
            return
        passed = (self._now - since) * self._period
        enough = passed > least - 1e-6
        self._demand(enough, f"{what} must be at least {least:g} ns, not {passed:.4g}")

    def _demand(self, holds: bool, rule: str) -> None:
        if not holds:
            raise SdramRuleError(f"At edge {self._now}: {rule}")


def sdram_bench(
    chip: SdramChip, pins: Any, *, domain: str = "sdram", late: int = 0
) -> Callable[[Any], Awaitable[None]]:
    """A testbench of Amaranth's simulator that has the chip at pins; add it in the background.

    pins: ``SdramPins`` of a controller; domain: the chip's clock
    late: cycles by which words come later to the controller than to the chip's own pins
    """

    async def bench(ctx: Any) -> None:
        inputs = Cat(
            *(pins.cke, pins.cs_n, pins.ras_n, pins.cas_n, pins.we_n, pins.ba, pins.a),
            *(pins.dqm, pins.dq.o, pins.dq.oe),
        )
        widths = (1, 1, 1, 1, 1, 2, 13, 2, 16, 1)
        under_way = [0] * late
        async for _, _, sampled in ctx.tick(domain).sample(inputs):
            values = []
            for width in widths:
                values.append(sampled & ((1 << width) - 1))
                sampled >>= width
            under_way.append(chip.edge(SdramInputs(*values)))
            ctx.set(pins.dq.i, under_way.pop(0))

    return bench
