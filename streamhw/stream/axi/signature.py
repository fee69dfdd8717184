# SPDX-License-Identifier: Apache-2.0
"""AXI4 and AXI4-Lite as Amaranth signatures, and their names at the top level."""

from amaranth.hdl import Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..signature import stream_of
from ..spec import raw

__all__ = [
    "ADDRESS_WIDTH",
    "CACHE",
    "ID_WIDTH",
    "INCREMENT",
    "OKAY",
    "SLAVE_ERROR",
    "axi4",
    "axi4_lite",
    "axi4_read",
    "axi4_write",
    "check_data_width",
    "command",
    "command_word",
    "connect_pins",
    "pins",
    "word",
    "write_data",
]

ADDRESS_WIDTH = 40
ID_WIDTH = 4

INCREMENT = 0b01  # AxBURST: each beat follows the one before it
CACHE = 0b0011  # AxCACHE: normal memory, bufferable; interconnects may merge and split
OKAY = 0b00
SLAVE_ERROR = 0b10

HANDSHAKE = ("valid", "ready")


def axi4(
    *, width: int, address: int = ADDRESS_WIDTH, identifier: int = ID_WIDTH
) -> wiring.Signature:
    """All five channels of AXI4 as the master sees them.

    Each channel is a stream whose payload has the AXI names of its fields without the letters of
    the channel: ``bus.ar.p.addr`` is ARADDR. A slave has the flipped signature.

    width: data width in bits, a power of two from 8 to 1024
    address: width of a byte address in bits
    identifier: width of the transaction IDs in bits

    Raises ``ValueError`` if a width is not one that AXI4 allows.
    """
    read = axi4_read(width=width, address=address, identifier=identifier)
    write = axi4_write(width=width, address=address, identifier=identifier)
    return wiring.Signature(dict(write.members) | dict(read.members))


def axi4_read(
    *, width: int, address: int = ADDRESS_WIDTH, identifier: int = ID_WIDTH
) -> wiring.Signature:
    """The channels AR and R of ``axi4``."""
    check_data_width(width)
    response = data.StructLayout({"id": identifier, "data": width, "resp": 2, "last": 1})
    return wiring.Signature(
        {
            "ar": Out(stream.Signature(_burst(address, identifier))),
            "r": In(stream.Signature(response)),
        }
    )


def axi4_write(
    *, width: int, address: int = ADDRESS_WIDTH, identifier: int = ID_WIDTH
) -> wiring.Signature:
    """The channels AW, W and B of ``axi4``."""
    check_data_width(width)
    payload = data.StructLayout({"data": width, "strb": width // 8, "last": 1})
    return wiring.Signature(
        {
            "aw": Out(stream.Signature(_burst(address, identifier))),
            "w": Out(stream.Signature(payload)),
            "b": In(stream.Signature(data.StructLayout({"id": identifier, "resp": 2}))),
        }
    )


def axi4_lite(*, address: int, width: int = 32) -> wiring.Signature:
    """AXI4-Lite as the master sees it; fields are named as in ``axi4``."""
    if width not in (32, 64):
        raise ValueError(f"AXI4-Lite data width must be 32 or 64, not {width}")
    request = data.StructLayout({"addr": address, "prot": 3})
    return wiring.Signature(
        {
            "aw": Out(stream.Signature(request)),
            "w": Out(stream.Signature(data.StructLayout({"data": width, "strb": width // 8}))),
            "b": In(stream.Signature(data.StructLayout({"resp": 2}))),
            "ar": Out(stream.Signature(request)),
            "r": In(stream.Signature(data.StructLayout({"data": width, "resp": 2}))),
        }
    )


def command(address: int = ADDRESS_WIDTH) -> data.StructLayout:
    """What a DMA is told: ``beats`` (1 to 2**24) memory beats from byte ``address`` on.

    The address must be a multiple of the bytes of a beat; its lowest bits are ignored.
    """
    return data.StructLayout({"address": address, "beats": 25})


def command_word(address: int, beats: int) -> int:
    """A command as a number."""
    return int(command().const({"address": address, "beats": beats}).as_value().value)


def write_data(width: int) -> data.StructLayout:
    """A memory beat to write: ``data``, and one bit of ``strobe`` for each byte to replace."""
    return data.StructLayout({"data": width, "strobe": width // 8})


def word(width: int) -> stream.Signature:
    """A stream of uninterpreted words, one lane a beat: memory beats."""
    return stream_of(raw(width))


def pins(signature: wiring.Signature, prefix: str) -> dict[str, wiring.Member]:
    """Members of a top level that carry a bus under the usual names: ``<prefix>_awaddr`` and so on.

    signature: one of this module, or a part of one; flipped for a slave
    prefix: ``m_axi_<name>`` or ``s_axil``
    """
    return {
        f"{prefix}_{channel}{field}": (Out if outward else In)(shape)
        for channel, field, shape, outward in _fields(signature)
    }


def connect_pins(m: Module, component: object, prefix: str, bus: wiring.PureInterface) -> None:
    """Connects the members that ``pins(bus.signature, prefix)`` gave a component with a bus inside.

    The bus is seen from its owner: a master's bus drives AW, W and AR pins of the component.
    """
    for channel, field, _, outward in _fields(bus.signature):
        pin = Value.cast(getattr(component, f"{prefix}_{channel}{field}"))
        port = getattr(bus, channel)
        inner = Value.cast(getattr(port, field) if field in HANDSHAKE else port.p[field])
        m.d.comb += pin.eq(inner) if outward else inner.eq(pin)


def check_data_width(width: int) -> None:
    """Raises ``ValueError`` unless AXI4 has a data bus of that width."""
    if width not in (8, 16, 32, 64, 128, 256, 512, 1024):
        raise ValueError(f"AXI4 data width must be a power of two from 8 to 1024, not {width}")


def _burst(address: int, identifier: int) -> data.StructLayout:
    return data.StructLayout(
        {
            "id": identifier,
            "addr": address,
            "len": 8,
            "size": 3,
            "burst": 2,
            "lock": 1,
            "cache": 4,
            "prot": 3,
        }
    )


def _fields(signature: wiring.Signature) -> list[tuple[str, str, object, bool]]:
    """Channel, field, shape and whether the owner of the bus drives it."""
    found: list[tuple[str, str, object, bool]] = []
    for channel, member in signature.members.items():
        forward = member.flow == Out
        layout = member.signature.members["payload"].shape
        found += [(channel, name, field.shape, forward) for name, field in layout]
        found += [(channel, "valid", 1, forward), (channel, "ready", 1, not forward)]
    return found
