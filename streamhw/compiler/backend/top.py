# SPDX-License-Identifier: Apache-2.0
"""The top level in Amaranth: every part of a design, a queue on each stream, memory, registers."""

from collections.abc import Mapping

from amaranth.hdl import Cat, ClockDomain, DomainRenamer, Module, Mux, Signal, Value
from amaranth.hdl import Instance as Black
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...errors import InternalError
from ...stream.axi.control_slave import ControlSlave
from ...stream.axi.signature import axi4, axi4_lite, connect_pins, pins
from ...stream.queue import Queue
from ...stream.register_slice import registered
from ...stream.shared_module import SharedComponent
from ..floorplan.top_overhead import CONTROL, queue_owner
from ..floorplan.top_registers import boundaries_between, reset_latency
from ..ir.levels import PlacedNetlist
from ..ir.netlist import Channel, Part
from ..ir.serving import sequencer_of
from .memory_border import HOST, STEADY, memory_border, recovery
from .observation import observation
from .ram_modules import Owned
from .reset_tree import ResetTree

__all__ = ["BUILD_MODULE", "Accelerator", "front_names", "level_name", "net_names"]

BUILD_MODULE = "build_identity"
"""Module with the digest of everything else, so that the digest is not a part of what it hashes."""


def net_names(channel: Channel) -> tuple[str, str, str]:
    """Nets of the top that carry a stream behind its queue: payload, valid, ready."""
    name = channel.name
    return f"{name}__payload", f"{name}__valid", f"{name}__ready"


def front_names(channel: Channel) -> tuple[str, str]:
    """Nets of the top in front of a stream's queue: valid, ready."""
    return f"{channel.name}__offered", f"{channel.name}__room"


def level_name(channel: Channel) -> str:
    """Net of the top that counts the beats in a stream's queue."""
    return f"{channel.name}__level"


class Accelerator(wiring.Component):
    """A design as hardware.

    Members     clk, rst: clock, and reset, which the design sees a cycle later
                memory_rst: reset of memory together with the design: it owes nothing any more
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
            "memory_rst": In(1),
            "stat_busy": Out(1),
            "stat_done": Out(1),
            "stat_count": Out(range(graph.context + 1)),
        }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._clock(m)
        design = self._design
        resets = ResetTree(m, design, self.clk, STEADY)
        components = self._components()
        for name, component in components.items():
            m.submodules[name] = resets.placed(Owned(component, name), name)
        handshakes = {
            channel.name: _stream(m, channel, design.queues[channel.name], components, resets)
            for channel in design.channels
        }
        reset = Signal(name="reset_root")
        self._registers(m, components, reset)
        guards = memory_border(m, design, self, components, resets)
        observation(m, design, self._control, handshakes, guards)
        pins = Cat(self.rst, self.memory_rst)
        m.d.comb += reset.eq(recovery(m, design, self._control, guards, pins))
        resets.grow(reset)
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
        """Registers are reset by the pin alone; what must know what memory owes, never. Resets come
        out of registers: they go to every register of the design, and from a pin a simulator would
        follow them through all logic in front of them twice a cycle."""
        domains = {name: ClockDomain(name) for name in (STEADY, HOST)}
        for domain in domains.values():
            m.domains += domain
            m.d.comb += domain.clk.eq(self.clk)
        reset = Signal(init=1)
        m.d.comb += [domains[STEADY].rst.eq(0), domains[HOST].rst.eq(reset)]
        m.d[STEADY] += reset.eq(self.rst | self.memory_rst)

    def _registers(self, m: Module, components: dict[str, wiring.Component], reset: Signal) -> None:
        """Control, connected to the sequencer. It is awake before ``reset`` has come to the parts:
        until then it does not see what they show."""
        control = self._control
        m.submodules[CONTROL] = DomainRenamer(HOST)(Owned(control, CONTROL))
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
            if member.flow is In:
                m.d.comb += theirs.eq(ours)
            elif reset_latency(self._design.board):
                m.d.comb += ours.eq(Mux(reset, 0, theirs))
            else:
                m.d.comb += ours.eq(theirs)
        for name, component in components.items():
            if name != runs and "cfg_base" in component.signature.members:
                # held while busy, so that it may come late
                base = registered(
                    m, f"{name}_base", control.cfg_base, 2 * boundaries_between(self._design, name)
                )
                m.d.comb += component.cfg_base.eq(base)
        m.d.comb += [
            self.stat_busy.eq(control.stat_busy),
            self.stat_done.eq(control.stat_done),
            self.stat_count.eq(control.stat_count),
        ]


def _queue(width: int, depth: int) -> SharedComponent:
    """A queue of the top; those of one size are instances of one module."""

    def make() -> wiring.Component:
        return Queue(shape=width, depth=depth)

    members = Queue.members(shape=width, depth=depth)
    return SharedComponent(make, members, f"queue_{width}x{depth}")


def _stream(
    m: Module,
    channel: Channel,
    depth: int,
    components: dict[str, wiring.Component],
    resets: ResetTree,
) -> Value:
    """Connects a stream through its queue of ``depth`` beats, with nets of known names at both of
    its ends; valid and ready at its sink, with which the queue is reset."""
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
        return Cat(nets[1:])
    queue = _queue(len(out), depth)
    owner = queue_owner(channel.name)
    m.submodules[owner] = resets.placed(Owned(queue, owner), channel.sink.instance)
    offered, room = (Signal(name=name) for name in front_names(channel))
    level = Signal(range(depth + 1), name=level_name(channel))
    m.d.comb += [
        queue.i.payload.eq(out),
        offered.eq(source.valid),
        room.eq(queue.i.ready),
        queue.i.valid.eq(offered),
        source.ready.eq(room),
        nets[0].eq(queue.o.payload),
        nets[1].eq(queue.o.valid),
        queue.o.ready.eq(nets[2]),
        level.eq(queue.stat_level),
    ]
    return Cat(nets[1:])
