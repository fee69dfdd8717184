# SPDX-License-Identifier: Apache-2.0
"""What AXI4 demands of a master, as hardware that watches one: for simulations and for proofs."""

from enum import IntEnum

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

__all__ = ["AxiRule", "AxiRules", "watched"]

PAGE = 4096
RESERVED = 0b11  # AxBURST
FIELDS = {"addr": 0, "len": 8, "size": 3, "burst": 2, "lock": 1, "cache": 4, "prot": 3}
"""Of an address channel, with their widths; the address has its own."""


class AxiRule(IntEnum):
    """A rule, by its bit in ``AxiRules.broken``; sections are those of IHI 0022H."""

    RESET = 0  # A3.1.2: nothing is valid in a reset
    AR_STAYS = 1  # A3.2.1: what is valid stays as it is until it is ready
    AW_STAYS = 2
    W_STAYS = 3
    AR_PAGE = 4  # A3.4.1: no burst crosses an address boundary of 4 KiB
    AW_PAGE = 5
    AR_SHAPE = 6  # A3.4.1: a legal kind of burst, no beat wider than the bus; no exclusive access
    AW_SHAPE = 7
    W_LAST = 8  # A3.4.1: WLAST with the last beat of each burst, and with no other
    AR_COUNT = 9  # what the package promises: no more bursts under way than it says
    AW_COUNT = 10


class AxiRules(wiring.Component):
    """Watches the pins of an AXI4 master without IDs: its answers come in order.

    Written from the specification, and shares nothing with the masters of streamhw.

    Parameters
    ----------
    width: data width in bits
    outstanding: bursts that may be under way in a direction
    address: bits of a byte address
    writes: whether there is something to watch on AW, W and B

    Members
    -------
    reset: In(1), of the bus
    awaddr, awvalid ...: In, the pins of the bus
    broken: Out, a bit for each ``AxiRule`` that is broken in this cycle

    Data may come before its address. Which answers are legal is not watched: memory gives them.
    """

    def __init__(
        self, *, width: int, outstanding: int = 64, address: int = 64, writes: bool = True
    ):
        self._beat = (width // 8).bit_length() - 1
        self._outstanding, self._writes = outstanding, writes
        members = {"reset": In(1), "broken": Out(len(AxiRule))}
        members |= {name: In(size) for name, size in watched(width, address).items()}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        found: dict[AxiRule, Value] = {}
        valid = self.arvalid | ((self.awvalid | self.wvalid) if self._writes else 0)
        found[AxiRule.RESET] = self.reset & valid
        self._address(m, "ar", found, AxiRule.AR_STAYS, AxiRule.AR_PAGE, AxiRule.AR_SHAPE)
        found[AxiRule.AR_COUNT] = self._count(
            m, self.arvalid & self.arready, self.rvalid & self.rready & self.rlast
        )
        if self._writes:
            self._address(m, "aw", found, AxiRule.AW_STAYS, AxiRule.AW_PAGE, AxiRule.AW_SHAPE)
            data = Cat(self.wdata, self.wstrb, self.wlast)
            found[AxiRule.W_STAYS] = self._changes(m, self.wvalid, self.wready, data)
            found[AxiRule.W_LAST] = self._lengths(m)
            found[AxiRule.AW_COUNT] = self._count(
                m, self.awvalid & self.awready, self.bvalid & self.bready
            )
        m.d.comb += self.broken.eq(Cat(found.get(rule, 0) for rule in AxiRule))
        return m

    def _address(
        self,
        m: Module,
        channel: str,
        found: dict[AxiRule, Value],
        stays: AxiRule,
        page: AxiRule,
        shape: AxiRule,
    ) -> None:
        pins = {name: getattr(self, f"{channel}{name}") for name in (*FIELDS, "valid", "ready")}
        size, valid = pins["size"], pins["valid"]
        payload = Cat(pins[name] for name in FIELDS)
        found[stays] = self._changes(m, valid, pins["ready"], payload)
        first = pins["addr"][: PAGE.bit_length() - 1] >> size << size
        behind = first + ((pins["len"] + 1) << size)
        found[page] = valid & (behind > PAGE)
        kind = (pins["burst"] == RESERVED) | pins["lock"]
        found[shape] = valid & (kind | (size > self._beat))

    def _changes(self, m: Module, valid: Value, ready: Value, payload: Value) -> Value:
        """Whether something that was shown and not taken is not shown as it was."""
        waits, before = Signal(), Signal(len(payload))
        m.d.sync += [waits.eq(valid & ~ready & ~self.reset), before.eq(payload)]
        return waits & ~self.reset & (~valid | (payload != before))

    def _count(self, m: Module, asked: Value, ended: Value) -> Value:
        """Whether more bursts are under way than may be."""
        count = Signal(range(self._outstanding + 2))
        m.d.sync += count.eq(count + asked - (ended & (count != 0)))
        return count > self._outstanding

    def _lengths(self, m: Module) -> Value:
        """Whether a burst on W ended that has another length than the one on AW in its order."""
        beats = Signal(9)
        asked = SyncFIFO(width=8, depth=self._outstanding)
        given = SyncFIFO(width=8, depth=self._outstanding)
        m.submodules.asked, m.submodules.given = asked, given
        beat = self.wvalid & self.wready
        both = asked.r_rdy & given.r_rdy
        m.d.comb += [
            asked.w_data.eq(self.awlen),
            asked.w_en.eq(self.awvalid & self.awready),
            given.w_data.eq(beats),
            given.w_en.eq(beat & self.wlast),
            asked.r_en.eq(both),
            given.r_en.eq(both),
        ]
        with m.If(beat):
            m.d.sync += beats.eq(beats + 1)
            with m.If(self.wlast):
                m.d.sync += beats.eq(0)
        late = asked.r_rdy & ~given.r_rdy & (beats > asked.r_data)
        return (both & (asked.r_data != given.r_data)) | late


def watched(width: int, address: int = 64) -> dict[str, int]:
    """The pins that are watched, without the prefix of the bus, and their widths in bits."""
    found: dict[str, int] = {}
    for channel in ("aw", "ar"):
        found |= {f"{channel}{name}": size or address for name, size in FIELDS.items()}
    found |= {"wdata": width, "wstrb": width // 8, "wlast": 1, "rlast": 1}
    for channel in ("aw", "w", "b", "ar", "r"):
        found |= {f"{channel}valid": 1, f"{channel}ready": 1}
    return found
