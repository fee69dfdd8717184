# SPDX-License-Identifier: Apache-2.0
"""The top level in Amaranth: every part of a design, a queue on each stream, memory, registers."""

from amaranth.hdl import Instance as Black
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from ..errors import InternalError
from ..stream.axi.arbiter import ReadArbiter, WriteArbiter
from ..stream.axi.control import Control
from ..stream.axi.read import ReadDma
from ..stream.axi.signature import axi4, axi4_lite, connect_pins, pins
from ..stream.axi.write import WriteDma
from ..stream.queue import Queue
from .design import Channel, Design

__all__ = ["BUILD_MODULE", "Accelerator", "level_name", "net_names"]

BUILD_MODULE = "build_identity"
"""Module with the digest of everything else, so that the digest is not a part of what it hashes."""


def net_names(channel: Channel) -> tuple[str, str, str]:
    """Nets of the top that carry a stream behind its queue: payload, valid, ready."""
    return tuple(f"{channel.name}__{part}" for part in ("payload", "valid", "ready"))  # type: ignore[return-value]


def level_name(channel: Channel) -> str:
    """Net of the top that counts the beats in a stream's queue."""
    return f"{channel.name}__level"


class Accelerator(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """A design as hardware.

    Members     s_axil_*: AXI4-Lite slave with the register map; m_axi_<port>_*: one AXI4 master a
                memory port of the board; stat_busy, stat_done, stat_count: as the registers
    """

    def __init__(self, design: Design):
        self._design = design
        graph, tiling = design.graph, design.tiling
        if tiling is None or design.placement is None:
            raise InternalError("Design must be tiled and placed before it can be emitted")
        self._control = Control(
            context=graph.context, token_width=max(1, (graph.vocabulary - 1).bit_length())
        )
        lite = axi4_lite(address=self._control.address_width).flip()
        members = pins(lite, "s_axil")
        for port in design.board.ports:
            members |= pins(axi4(width=port.width), f"m_axi_{port.name}")
        members |= {
            "stat_busy": Out(1),
            "stat_done": Out(1),
            "stat_count": Out(range(graph.context + 1)),
        }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self._design
        components: dict[str, wiring.Component] = {}
        for instance in design.instances:
            components[instance.name] = instance.part.create()
            m.submodules[instance.name] = components[instance.name]
        for channel in design.channels:
            _stream(m, channel, components)
        self._registers(m, components)
        self._memory(m, components)
        return m

    def _registers(self, m: Module, components: dict[str, wiring.Component]) -> None:
        control = self._control
        m.submodules.control = control
        sequencer = components["sequencer"]
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
            if name != "sequencer" and "cfg_base" in component.signature.members:
                m.d.comb += component.cfg_base.eq(control.cfg_base)
        m.d.comb += [
            self.stat_busy.eq(sequencer.stat_busy),
            self.stat_done.eq(sequencer.stat_done),
            self.stat_count.eq(sequencer.stat_count),
        ]

    def _memory(self, m: Module, components: dict[str, wiring.Component]) -> None:
        design = self._design
        assert design.placement is not None
        errors = []
        for port in design.board.ports:
            masters = [
                components[name] for name, at in design.placement.ports.items() if at == port.name
            ]
            reads: list[ReadDma | WriteDma] = [c for c in masters if isinstance(c, ReadDma)]
            writes: list[ReadDma | WriteDma] = [c for c in masters if isinstance(c, WriteDma)]
            errors += [c.stat_error for c in (*reads, *writes)]
            for kind, group in (("read", reads), ("write", writes)):
                if not group:
                    continue
                bus = group[0].bus
                if len(group) > 1:
                    arbiter = (ReadArbiter if kind == "read" else WriteArbiter)(
                        masters=len(group), width=port.width
                    )
                    m.submodules[f"{port.name}_{kind}_arbiter"] = arbiter
                    for i, master in enumerate(group):
                        connect(m, master.bus, arbiter.masters[i])
                    bus = arbiter.memory
                connect_pins(m, self, f"m_axi_{port.name}", bus)
        error: Value = Signal(name="stat_error")
        m.d.comb += [error.eq(_any(errors)), self._control.stat_error.eq(error)]


def _any(bits: list[Signal]) -> Value:
    total: Value = bits[0]
    for bit in bits[1:]:
        total = total | bit
    return total


def _stream(m: Module, channel: Channel, components: dict[str, wiring.Component]) -> None:
    """Connects a stream through its queue, with nets of known names in front of the sink."""
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
    if channel.depth == 0:
        m.d.comb += [nets[0].eq(out), nets[1].eq(source.valid), source.ready.eq(nets[2])]
        return
    queue = Queue(shape=len(out), depth=channel.depth)
    m.submodules[f"{channel.name}_queue"] = queue
    level = Signal(range(channel.depth + 1), name=level_name(channel))
    m.d.comb += [
        queue.i.payload.eq(out),
        queue.i.valid.eq(source.valid),
        source.ready.eq(queue.i.ready),
        nets[0].eq(queue.o.payload),
        nets[1].eq(queue.o.valid),
        queue.o.ready.eq(nets[2]),
        level.eq(queue.stat_level),
    ]
