# SPDX-License-Identifier: Apache-2.0
"""Keeps the first fault of a memory port, and finds one that does nothing for too long."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .register_map import MemoryFault
from .signature import ADDRESS_WIDTH

__all__ = ["OUTSTANDING", "PortWatch", "check_outstanding", "guard_control", "guard_members"]

OUTSTANDING = 64
"""Bursts under way at a port in a direction; what simulated memories accept ahead, too."""

KIND = range(max(MemoryFault) + 1)


def guard_control(address: int = ADDRESS_WIDTH) -> wiring.Signature:
    """How a guard of a memory port is told what to do, and what it says; as it sees it.

    hold: nothing passes from this cycle on, also what is shown; for the time of a reset
    isolate: each channel closes as AXI allows it: what is shown stays until it is taken
    drain: the design is in reset and its payload rests: finish what it left; only with isolate
    forget: memory was reset and owes nothing
    clear: forget the fault
    tick: a pulse now and then: with nothing done from one to the next, memory is too slow
    closed: isolated, and nothing of the design is shown any more
    idle: memory owes nothing, and nothing is shown
    stuck: memory is too slow, until it does something
    fault: a ``MemoryFault``, the first since it was cleared; address: of its burst
    """
    inputs = ("hold", "isolate", "drain", "forget", "clear", "tick")
    outputs = ("closed", "idle", "stuck")
    members = {name: Out(1) for name in inputs} | {name: In(1) for name in outputs}
    return wiring.Signature(members | {"fault": In(KIND), "address": In(address)})


def guard_members(bus: wiring.Signature, address: int) -> dict[str, wiring.Member]:
    """Members of a guard on such a bus."""
    return {"design": In(bus), "memory": Out(bus), "control": In(guard_control(address))}


def check_outstanding(guard: str, outstanding: int) -> None:
    """Raises ``ValueError`` unless a guard can know of so many bursts."""
    if not 1 <= outstanding <= OUTSTANDING:
        raise ValueError(f"{guard} outstanding must be 1 to {OUTSTANDING}, not {outstanding}")


class PortWatch(wiring.Component):
    """What the guards of both directions share: the fault register and the watchdog.

    Parameters  address: bits of a byte address
    Members     found: In, the fault of this cycle, ``MemoryFault.NONE`` most of the time; address:
                In, of the burst that would have it; waiting: In(1), memory is to do something;
                moved: In(1), something passed; tick, clear: In(1), as of ``guard_control``
                fault, fault_address: Out, registers; stuck: Out(1), a register; expired: Out(1),
                the watchdog ends in this cycle
    Timing      a fault shows 1 cycle later; the watchdog ends at the second tick of a wait
    """

    def __init__(self, *, address: int = ADDRESS_WIDTH):
        super().__init__(
            {
                "found": In(KIND),
                "address": In(address),
                "waiting": In(1),
                "moved": In(1),
                "tick": In(1),
                "clear": In(1),
                "fault": Out(KIND),
                "fault_address": Out(address),
                "stuck": Out(1),
                "expired": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        quiet = Signal()  # since the last tick at least
        rests = Signal()
        m.d.comb += [
            rests.eq(self.waiting & ~self.moved),
            self.expired.eq(rests & quiet & self.tick),
        ]
        with m.If(~rests):
            m.d.sync += [quiet.eq(0), self.stuck.eq(0)]
        with m.Elif(self.tick):
            m.d.sync += [quiet.eq(1), self.stuck.eq(quiet)]
        with m.If(self.clear):
            m.d.sync += self.fault.eq(MemoryFault.NONE)
        with m.Elif((self.fault == MemoryFault.NONE) & (self.expired | self.found.any())):
            m.d.sync += [self.fault.eq(self.found), self.fault_address.eq(self.address)]
            with m.If(~self.found.any()):
                m.d.sync += self.fault.eq(MemoryFault.TIMEOUT)
        return m
