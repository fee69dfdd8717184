# SPDX-License-Identifier: Apache-2.0
"""The emitted design in the clothes of a Vitis kernel: pins, reset, and where its memory is."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..bitstream.emitted_design import EmittedDesign
from ..compiler.backend.conversion import converted
from ..errors import UserError
from ..runtime.manifest import Manifest, ManifestPort
from ..stream.axi.port_bases import CONTROL_WIDTH, PortBases
from ..stream.axi.rebase import PAGE_BITS, Rebase, rebased
from ..stream.axi.register_map import address_width
from ..stream.axi.signature import axi4, axi4_lite, connect_pins, pins

__all__ = ["CLOCK", "CONTROL", "DESIGN", "KERNEL", "RESET", "KernelShell", "check_context"]
__all__ += ["shell_verilog"]

KERNEL = "streamhw"
"""Name of the kernel, of its module, and of its file."""
CLOCK, RESET, CONTROL = "ap_clk", "ap_rst_n", "s_axi_control"
DESIGN = "design/top"
"""Path of the emitted design below the kernel."""

STEADY = "steady"
"""Domain of the one clock that is never reset: what was asked of memory is asked."""


class KernelShell(wiring.Component):
    """A kernel whose every pin belongs to an interface, as Vitis wants it::

        s_axi_control --> PortBases --> top, the emitted design
                              |           | 40 bits, ID 0
                              '-----> Rebase --> m_axi_<port>, 64 bits, no ID

    Parameters
    ----------
    manifest: of the build

    Members
    -------
    ap_clk: the clock; ap_rst_n: reset of the design alone, active low; memory runs on
    s_axi_control_*: AXI4-Lite slave of 16 address bits: ``PortBases`` and the design's registers
    m_axi_<port>_*: AXI4 masters under the names of the manifest; no IDs, as answers come in order

    A base is where byte ``address`` of the manifest's port is: where its part of the image begins
    while the design's own BASE is 0. Bases are read-only while BUSY.

    Timing: 2 cycles more for an address, none for data and answers.
    Raises: ``UserError`` if the token window does not fit in 64 KiB; ``ValueError`` for a port that
    does not begin at a page of 4 KiB.
    """

    def __init__(self, manifest: Manifest):
        check_context(manifest.context)
        for port in manifest.ports:
            if port.address % (1 << PAGE_BITS):
                raise ValueError(
                    f"Memory port {port.name} must begin at a multiple of 4 KiB, not "
                    f"{port.address:#x}"
                )
        self._manifest = manifest
        members = {CLOCK: In(1), RESET: In(1)}
        members |= pins(axi4_lite(address=CONTROL_WIDTH).flip(), CONTROL)
        for port in manifest.ports:
            members |= pins(_far(port), port.name)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        manifest = self._manifest
        m.domains += [ClockDomain("sync"), ClockDomain(STEADY, reset_less=True)]
        m.d.comb += [ClockSignal(name).eq(getattr(self, CLOCK)) for name in ("sync", STEADY)]
        # The pin goes far, and the design's own register of it farther.
        reset = Signal(init=1)
        m.d[STEADY] += reset.eq(~getattr(self, RESET))
        m.d.comb += ResetSignal("sync").eq(reset)

        m.submodules.design = design = EmittedDesign(manifest)
        bases = PortBases(ports=len(manifest.ports), address=address_width(manifest.context))
        m.submodules.bases = bases
        connect_pins(m, self, CONTROL, bases.host)
        connect_pins(m, design, manifest.control, bases.design)
        m.d.comb += [
            bases.busy.eq(design.stat_busy),
            design.rst.eq(reset),
            design.memory_rst.eq(0),
        ]
        for port, base in zip(manifest.ports, bases.bases, strict=True):
            self._port(m, design, port, base, reset)
        return m

    def _port(
        self, m: Module, design: EmittedDesign, port: ManifestPort, base: Signal, reset: Signal
    ) -> None:
        near = axi4(width=port.data_width).flip().create(path=(f"{port.name}_near",))
        far = _far(port).create(path=(f"{port.name}_far",))
        connect_pins(m, design, port.name, near)
        connect_pins(m, self, port.name, far)
        pages = Signal.like(base, name=f"{port.name}_pages", reset_less=True)
        m.d[STEADY] += pages.eq(base - (port.address >> PAGE_BITS))
        for channel in ("ar", "aw"):
            rebase = Rebase(shape=getattr(near, channel).p.shape())
            m.submodules[f"{port.name}_{channel}"] = DomainRenamer(STEADY)(rebase)
            wiring.connect(m, wiring.flipped(getattr(near, channel)), rebase.i)
            wiring.connect(m, rebase.o, wiring.flipped(getattr(far, channel)))
            m.d.comb += [rebase.pages.eq(pages), rebase.hold.eq(reset)]
        for channel in ("w", "b", "r"):
            forward = channel == "w"
            source, sink = (near, far) if forward else (far, near)
            source, sink = getattr(source, channel), getattr(sink, channel)
            m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
            m.d.comb += [
                sink.p[name].eq(source.p[name] if name in dict(source.p.shape()) else 0)
                for name, _ in sink.p.shape()
            ]


def check_context(context: int) -> None:
    """Raises ``UserError`` if a kernel's registers cannot hold the token window of a context."""
    if address_width(context) > CONTROL_WIDTH:
        raise UserError(
            f"Context must be at most {1 << CONTROL_WIDTH - 3} tokens for a Vitis kernel, whose "
            f"registers have 64 KiB, not {context}",
            hint=f"--context {1 << CONTROL_WIDTH - 3} builds for fewer positions",
        )


def shell_verilog(manifest: Manifest) -> str:
    """Verilog of the module ``KERNEL``; module ``top`` of the build comes beside it."""
    return converted(KernelShell(manifest), KERNEL)


def _far(port: ManifestPort) -> wiring.Signature:
    """The bus of a port outside of the shell, as a master."""
    near = axi4(width=port.data_width)
    members: dict[str, wiring.Member] = {}
    for channel, member in near.members.items():
        if channel in ("ar", "aw"):
            members[channel] = Out(stream.Signature(rebased()))
            continue
        layout = member.signature.members["payload"].shape
        fields = {name: field.shape for name, field in layout if name != "id"}
        signature = stream.Signature(data.StructLayout(fields))
        members[channel] = Out(signature) if member.flow is Out else In(signature)
    return wiring.Signature(members)
