# SPDX-License-Identifier: Apache-2.0
"""The border of a design: what is between its DMAs and the pins of memory, and leads an abort."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Cat, DomainRenamer, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect

from ...stream.axi.arbiter import ReadArbiter, WriteArbiter
from ...stream.axi.control_slave import ControlSlave
from ...stream.axi.fault_record import FaultRecord
from ...stream.axi.read_dma import ReadDma
from ...stream.axi.read_guard import ReadGuard
from ...stream.axi.recovery import Recovery
from ...stream.axi.register_map import MemoryFault
from ...stream.axi.signature import connect_pins
from ...stream.axi.write_dma import WriteDma
from ...stream.axi.write_guard import WriteGuard
from ...stream.register_slice import RegisterSlice, registered
from ...stream.shared_module import SharedComponent
from ..floorplan.top_overhead import CONTROL, FAULT_RECORD, RECOVERY, guard_owner
from ..floorplan.top_registers import (
    boundaries_between,
    bus_crossing,
    bus_label,
    reset_latency,
)
from ..ir.levels import PlacedNetlist
from .ram_modules import Owned
from .reset_tree import ResetTree

__all__ = ["HOST", "STEADY", "Guarded", "memory_border", "recovery"]

STEADY, HOST = "steady", "host"
"""Domains of the one clock: never reset, and reset by a pin alone."""


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A guard at a memory port: reads or writes, how it is told what to do, its side of memory."""

    port: int
    kind: str
    control: wiring.PureInterface
    memory: wiring.PureInterface


def memory_border(
    m: Module,
    design: PlacedNetlist,
    top: wiring.Component,
    components: Mapping[str, wiring.Component],
    resets: ResetTree,
) -> list[Guarded]:
    """Connects the DMAs of each memory port to its pins at the top; the guards in between."""
    memory = design.board.memory_die
    guards = []
    for number, port in enumerate(design.board.ports):
        groups: dict[str, list[wiring.PureInterface]] = {"read": [], "write": []}
        for name, at in design.placement.ports.items():
            if port.name not in at:
                continue
            dma = components[name]
            assert isinstance(dma, ReadDma | WriteDma)
            stripe = at.index(port.name)
            kind = "read" if isinstance(dma, ReadDma) else "write"
            label = bus_label(design, name, stripe)
            boundaries = boundaries_between(design, name, memory)
            bus = _sliced(m, label, dma.bus[stripe], boundaries, name, resets)
            groups[kind].append(bus)
        for kind, group in groups.items():
            if not group:
                continue
            bus = group[0]
            if len(group) > 1:
                arbiter = _arbiter(kind, len(group), port.width)
                name = f"{port.name}_{kind}_arbiter"
                m.submodules[name] = resets.placed(Owned(arbiter, name), port.name, memory)
                for i, master in enumerate(group):
                    connect(m, master, arbiter.masters[i])
                bus = arbiter.memory
            guard, owner = _guard(kind, port.width), guard_owner(port.name, kind)
            m.submodules[owner] = DomainRenamer(STEADY)(Owned(guard, owner))
            connect(m, bus, guard.design)
            connect_pins(m, top, f"m_axi_{port.name}", guard.memory)
            guards.append(
                Guarded(port=number, kind=kind, control=guard.control, memory=guard.memory)
            )
    return guards


def recovery(
    m: Module, design: PlacedNetlist, control: ControlSlave, guards: list[Guarded], pins: Value
) -> Value:
    """What isolates all ports on an abort or a fault; returns what holds the design in reset.

    pins: the one that resets the design, and the one that tells that memory is reset as well
    """
    distance = 2 * boundaries_between(design, CONTROL, design.board.memory_die)
    leads = Recovery(far=2 * distance, latency=reset_latency(design.board))
    record = FaultRecord(ports=len(design.board.ports))
    m.submodules[RECOVERY] = DomainRenamer(STEADY)(Owned(leads, RECOVERY))
    m.submodules[FAULT_RECORD] = DomainRenamer(HOST)(Owned(record, FAULT_RECORD))
    pin, memory_pin = pins[0] | pins[1], pins[1]

    def crossed(name: str, value: Value) -> Value:
        """From the registers to memory, or back."""
        return registered(m, name, value, distance, domain=STEADY)

    told = {
        "isolate": crossed("isolate", leads.isolate),
        "drain": crossed("drain", leads.drain),
        "tick": crossed("tick", leads.tick),
        "clear": crossed("clear", control.cfg_clear),
        # at once: a port must be at rest in a reset, and memory knows nothing after its own
        "hold": leads.hold,
        "forget": crossed("forget", leads.forget_owed) | memory_pin,
    }
    for guard in guards:
        m.d.comb += [getattr(guard.control, name).eq(value) for name, value in told.items()]
        source = (record.reads if guard.kind == "read" else record.writes)[guard.port]
        m.d.comb += [
            source.fault.eq(guard.control.fault),
            source.address.eq(guard.control.address),
        ]

    said = {
        name: Cat(getattr(guard.control, name) for guard in guards)
        for name in ("closed", "idle", "stuck", "fault")
    }
    fault = said["fault"].any() | (record.fault != MemoryFault.NONE)
    m.d.comb += [
        # a cycle after the guards, which tell theirs until then
        record.clear.eq(registered(m, "record_clear", told["clear"], 1, domain=STEADY)),
        leads.pin.eq(pin),
        leads.abort.eq(control.cfg_abort),
        leads.forget.eq(control.cfg_forget),
        leads.watchdog.eq(control.cfg_watchdog),
        leads.fault.eq(crossed("fault", fault)),
        leads.closed.eq(crossed("closed", said["closed"].all())),
        leads.idle.eq(crossed("idle", said["idle"].all())),
        control.stat_running.eq(leads.stat_running),
        control.stat_closing.eq(leads.stat_closing),
        control.stat_idle.eq(leads.stat_idle),
        control.stat_stuck.eq(crossed("stuck", said["stuck"].any())),
    ]
    of_record = {
        "fault": record.fault,
        "fault_port": record.port,
        "fault_write": record.write,
        "fault_address": record.address,
        "read_errors": record.read_errors,
        "write_errors": record.write_errors,
    }
    for name, value in of_record.items():
        m.d.comb += getattr(control, f"stat_{name}").eq(crossed(f"record_{name}", value))
    return leads.reset


def _sliced(
    m: Module,
    name: str,
    bus: wiring.PureInterface,
    boundaries: int,
    owner: str,
    resets: ResetTree,
) -> wiring.PureInterface:
    """A master's bus at the other side of boundaries between dies."""
    if boundaries == 0:
        return bus
    far: wiring.PureInterface = bus.signature.create(path=(f"{name}_far",))
    for channel, member in bus.signature.members.items():
        near, there = getattr(bus, channel), getattr(far, channel)
        slice_ = RegisterSlice(shape=near.p.shape(), boundaries=boundaries)
        m.submodules[bus_crossing(name, channel)] = resets.placed(slice_, owner)
        source, sink = (near, there) if member.flow is Out else (there, near)
        for one, other in ((source, slice_.i), (slice_.o, sink)):
            m.d.comb += [
                Value.cast(other.payload).eq(Value.cast(one.payload)),
                other.valid.eq(one.valid),
                one.ready.eq(other.ready),
            ]
    return far


def _arbiter(kind: str, masters: int, width: int) -> SharedComponent:
    """The arbiter of a port; ports with as many masters have equal ones."""
    build = ReadArbiter if kind == "read" else WriteArbiter

    def make() -> wiring.Component:
        return build(masters=masters, width=width)

    members = dict(build.members(masters=masters, width=width))
    return SharedComponent(make, members, f"{kind}_arbiter_{masters}x{width}")


def _guard(kind: str, width: int) -> SharedComponent:
    """The guard of a port in a direction; ports of one width have equal ones."""
    build = ReadGuard if kind == "read" else WriteGuard

    def make() -> wiring.Component:
        return build(width=width)

    return SharedComponent(make, dict(build.members(width=width)), f"{kind}_guard_{width}")
