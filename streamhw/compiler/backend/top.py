# SPDX-License-Identifier: Apache-2.0
"""The top level in Amaranth: every part of a design, a queue on each stream, memory, registers."""

from collections.abc import Mapping

from amaranth.hdl import Cat, ClockDomain, Const, Module, Signal, Value
from amaranth.hdl import Instance as Black
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from ...errors import InternalError
from ...stream.axi.arbiter import ReadArbiter, WriteArbiter
from ...stream.axi.control_slave import ControlSlave
from ...stream.axi.read_dma import ReadDma
from ...stream.axi.signature import axi4, axi4_lite, connect_pins, pins
from ...stream.axi.write_dma import WriteDma
from ...stream.queue import Queue
from ...stream.register_slice import RegisterSlice, registered
from ...stream.shared_module import SharedComponent
from ..floorplan.top_overhead import CONTROL, queue_owner
from ..ir.levels import PlacedNetlist
from ..ir.netlist import Channel, Part
from ..ir.serving import sequencer_of
from .ram_modules import Owned

__all__ = ["BUILD_MODULE", "Accelerator", "level_name", "net_names"]

BUILD_MODULE = "build_identity"
"""Module with the digest of everything else, so that the digest is not a part of what it hashes."""


def net_names(channel: Channel) -> tuple[str, str, str]:
    """Nets of the top that carry a stream behind its queue: payload, valid, ready."""
    name = channel.name
    return f"{name}__payload", f"{name}__valid", f"{name}__ready"


def level_name(channel: Channel) -> str:
    """Net of the top that counts the beats in a stream's queue."""
    return f"{channel.name}__level"


class Accelerator(wiring.Component):
    """A design as hardware.

    Members     clk, rst: clock, and reset, which the design sees a cycle later
                s_axil_*: AXI4-Lite slave with the register map; m_axi_<port>_*: one AXI4 master a
                memory port of the board; stat_busy, stat_done, stat_count: as the registers
    """

    def __init__(self, design: PlacedNetlist):
        self._design = design
        graph = design.graph
        self._control = ControlSlave(
            context=graph.context,
            token_width=max(1, (graph.vocabulary - 1).bit_length()),
            ports=len(design.board.ports),
            alignment=max(
                len(at) * port.width // 8
                for at in design.placement.ports.values()
                for port in design.board.ports
                if port.name in at
            ),
        )
        lite = axi4_lite(address=self._control.address_width).flip()
        members = pins(lite, "s_axil")
        for port in design.board.ports:
            members |= pins(axi4(width=port.width), f"m_axi_{port.name}")
        members |= {
            "clk": In(1),
            "rst": In(1, init=1),
            "stat_busy": Out(1),
            "stat_done": Out(1),
            "stat_count": Out(range(graph.context + 1)),
        }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._clock(m)
        design = self._design
        components = self._components()
        for name, component in components.items():
            m.submodules[name] = Owned(component, name)
        for channel in design.channels:
            _stream(m, channel, design.queues[channel.name], components)
        self._registers(m, components)
        self._memory(m, components)
        return m

    def _components(self) -> dict[str, wiring.Component]:
        """By the name of their instance; parts that are equal are instances of one module, which is
        called after the first of them.

        DMAs stay what they are: their buses are lists.
        """
        first, several = dict[Part, str](), dict[Part, str]()
        for instance in self._design.instances:
            if instance.name in self._design.placement.ports:
                continue
            if instance.part in first:
                several[instance.part] = f"{first[instance.part]}_kind"
            first.setdefault(instance.part, instance.name)
        found: dict[str, wiring.Component] = {}
        members: dict[Part, Mapping[str, wiring.Member]] = {}
        for instance in self._design.instances:
            part = instance.part
            if part not in several or instance.name in self._design.placement.ports:
                found[instance.name] = part.create()
                continue
            if part not in members:
                members[part] = part.create().signature.members
            found[instance.name] = SharedComponent(part.create, members[part], several[part])
        return found

    def _clock(self, m: Module) -> None:
        """The reset comes out of a register: it goes to every register of the design, and from a
        pin a simulator would follow it through all logic in front of them twice a cycle."""
        m.domains.pins = pins_domain = ClockDomain(reset_less=True, local=True)
        m.domains.sync = sync = ClockDomain()
        reset = Signal(init=1)
        m.d.comb += [pins_domain.clk.eq(self.clk), sync.clk.eq(self.clk), sync.rst.eq(reset)]
        m.d.pins += reset.eq(self.rst)

    def _registers(self, m: Module, components: dict[str, wiring.Component]) -> None:
        control = self._control
        m.submodules[CONTROL] = Owned(control, CONTROL)
        runs = sequencer_of(self._design.instances).name
        sequencer = components[runs]
        identity = Signal(32)
        m.submodules.identity = Black(BUILD_MODULE, o_identity=identity)
        connect_pins(m, self, "s_axil", control.bus)
        m.d.comb += control.stat_build.eq(identity)
        for name, member in sequencer.signature.members.items():
            if not member.is_port:
                continue
            ours, theirs = getattr(control, name), getattr(sequencer, name)
            m.d.comb += theirs.eq(ours) if member.flow is In else ours.eq(theirs)
        for name, component in components.items():
            if name != runs and "cfg_base" in component.signature.members:
                # held while busy, so that it may come late
                base = registered(m, f"{name}_base", control.cfg_base, 2 * self._apart(name))
                m.d.comb += component.cfg_base.eq(base)
        m.d.comb += [
            self.stat_busy.eq(sequencer.stat_busy),
            self.stat_done.eq(sequencer.stat_done),
            self.stat_count.eq(sequencer.stat_count),
        ]

    def _memory(self, m: Module, components: dict[str, wiring.Component]) -> None:
        design = self._design
        errors: dict[str, list[Value]] = {"read": [], "write": []}
        told: dict[str, Value] = {}
        memory = design.board.memory_die
        for port in design.board.ports:
            groups: dict[str, list[wiring.PureInterface]] = {"read": [], "write": []}
            failed: dict[str, Value] = {"read": Const(0, 1), "write": Const(0, 1)}
            for name, at in design.placement.ports.items():
                if port.name not in at:
                    continue
                dma = components[name]
                assert isinstance(dma, ReadDma | WriteDma)
                stripe = at.index(port.name)
                kind = "read" if isinstance(dma, ReadDma) else "write"
                if name not in told:
                    far = 2 * self._apart(name)
                    told[name] = registered(m, f"{name}_error", dma.stat_error, far)
                failed[kind] = failed[kind] | told[name][stripe]
                label = f"{name}_{stripe}" if len(at) > 1 else name
                bus = _sliced(m, label, dma.bus[stripe], self._apart(name, memory))
                groups[kind].append(bus)
            for kind, group in groups.items():
                if not group:
                    continue
                bus = group[0]
                if len(group) > 1:
                    arbiter = _arbiter(kind, len(group), port.width)
                    m.submodules[f"{port.name}_{kind}_arbiter"] = Owned(
                        arbiter, f"{port.name}_{kind}_arbiter"
                    )
                    for i, master in enumerate(group):
                        connect(m, master, arbiter.masters[i])
                    bus = arbiter.memory
                connect_pins(m, self, f"m_axi_{port.name}", bus)
            for kind, found in failed.items():
                errors[kind].append(found)
        m.d.comb += [
            self._control.stat_read_errors.eq(Cat(errors["read"])),
            self._control.stat_write_errors.eq(Cat(errors["write"])),
        ]

    def _apart(self, part: str, die: str | None = None) -> int:
        """Boundaries between a part and a die: by default, that of the registers."""
        placement, stack = self._design.placement, self._design.board.stack
        names = [each.name for each in stack]
        there = die or placement.dies[CONTROL][0]
        return abs(names.index(placement.dies[part][0]) - names.index(there))


def _sliced(
    m: Module, name: str, bus: wiring.PureInterface, boundaries: int
) -> wiring.PureInterface:
    """A master's bus at the other side of boundaries between dies."""
    if boundaries == 0:
        return bus
    far: wiring.PureInterface = bus.signature.create(path=(f"{name}_far",))
    for channel, member in bus.signature.members.items():
        near, there = getattr(bus, channel), getattr(far, channel)
        slice_ = RegisterSlice(shape=near.p.shape(), boundaries=boundaries)
        m.submodules[f"{name}_{channel}_crossing"] = slice_
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


def _queue(width: int, depth: int) -> SharedComponent:
    """A queue of the top; those of one size are instances of one module."""

    def make() -> wiring.Component:
        return Queue(shape=width, depth=depth)

    members = Queue.members(shape=width, depth=depth)
    return SharedComponent(make, members, f"queue_{width}x{depth}")


def _stream(
    m: Module, channel: Channel, depth: int, components: dict[str, wiring.Component]
) -> None:
    """Connects a stream through its queue of ``depth`` beats, with nets of known names in front of
    the sink."""
    source = getattr(components[channel.source.instance], channel.source.port)
    sink = getattr(components[channel.sink.instance], channel.sink.port)
    out, into = Value.cast(source.payload), Value.cast(sink.payload)
    if len(out) != len(into):
        raise InternalError(
            f"Stream {channel} must have one width, not {len(out)} and {len(into)} bits"
        )
    payload, valid, ready = net_names(channel)
    nets = Signal(len(out), name=payload), Signal(name=valid), Signal(name=ready)
    m.d.comb += [into.eq(nets[0]), sink.valid.eq(nets[1]), nets[2].eq(sink.ready)]
    if depth == 0:
        m.d.comb += [nets[0].eq(out), nets[1].eq(source.valid), source.ready.eq(nets[2])]
        return
    queue = _queue(len(out), depth)
    m.submodules[queue_owner(channel.name)] = Owned(queue, queue_owner(channel.name))
    level = Signal(range(depth + 1), name=level_name(channel))
    m.d.comb += [
        queue.i.payload.eq(out),
        queue.i.valid.eq(source.valid),
        source.ready.eq(queue.i.ready),
        nets[0].eq(queue.o.payload),
        nets[1].eq(queue.o.valid),
        queue.o.ready.eq(nets[2]),
        level.eq(queue.stat_level),
    ]
