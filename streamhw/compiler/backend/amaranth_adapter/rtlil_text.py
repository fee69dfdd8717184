# SPDX-License-Identifier: Apache-2.0
"""The text of the netlist, in runs of neighbouring nets instead of bit by bit.

Upstream: ``rtlil.ModuleEmitter`` keeps a pair of wire and bit for each net of each module, and
compares one pair after another to find where a slice ends; functions that refer to themselves keep
it, with the whole netlist. Initial words of memories are written through a net object for each bit.
"""

from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import _nir
from amaranth.hdl._nir import Value

__all__ = [
    "Wires",
    "emit",
    "emit_driven_wire",
    "emit_memory",
    "emit_port_wires",
    "initialize",
    "sigspec",
]

upstream_initialize = rtlil.ModuleEmitter.__init__
upstream_emit = rtlil.ModuleEmitter.emit


class Wires:
    """The wire of each net in a module, as runs of neighbouring nets on neighbouring bits."""

    def __init__(self) -> None:
        self._runs: dict[int, list[tuple[int, int, Any, int]]] = {}

    def add(self, value: Value, wire: Any) -> None:
        """Bit i of the wire carries net i of the value."""
        nets, at = tuple(value), 0
        while at < len(nets):
            length = run_length(nets, at, len(nets) - at)
            begin = nets[at]
            self._runs.setdefault(begin >> 16, []).append((begin, begin + length, wire, at))
            at += length

    def __getitem__(self, net: int) -> tuple[Any, int, int]:
        """Wire, bit, and the nets from this one on that are on the bits from this one on."""
        for begin, end, wire, bit in reversed(self._runs[net >> 16]):
            if begin <= net < end:
                return wire, bit + net - begin, end - net
        raise KeyError(net)


def run_length(nets: tuple[int, ...], at: int, longest: int) -> int:
    """How many nets from ``at`` on are neighbours, at most ``longest``.

    A plain tuple: ``Value`` looks at each index in Python.
    """
    begin, length = nets[at], 1
    while length < longest:
        end = min(longest, 2 * length + 30)
        if nets[at + length : at + end] != tuple(range(begin + length, begin + end)):
            while nets[at + length] == begin + length:
                length += 1
            return length
        length = end
    return length


def initialize(emitter: Any, *args: Any, **kwargs: Any) -> None:
    """``ModuleEmitter.__init__`` with runs of nets."""
    upstream_initialize(emitter, *args, **kwargs)
    emitter.nets = Wires()


def emit(emitter: Any) -> None:
    """``ModuleEmitter.emit`` that leaves nothing behind but the text."""
    upstream_emit(emitter)
    vars(emitter).clear()


def emit_port_wires(emitter: Any) -> None:
    """``ModuleEmitter.emit_port_wires`` with one entry for a run of nets."""
    named = {name: signal for signal, name in emitter.module.signal_names.items()}
    for name, (value, flow) in emitter.module.ports.items():
        wire = emitter.builder.wire(
            width=len(value),
            signed=name in named and named[name].shape().signed,
            port_kind=flow.value,
            name=name,
            attrs=emitter.value_attrs.get(value, {}),
            src_loc=emitter.value_src_loc.get(value),
        )
        emitter.sigport_wires[name] = wire, value
        if flow != _nir.ModuleNetFlow.Output:
            emitter.driven_sigports.add(name)
            emitter.nets.add(value, wire)


def emit_driven_wire(emitter: Any, value: Value) -> Any:
    """``ModuleEmitter.emit_driven_wire`` with one entry for a run of nets."""
    name = emitter.value_names.get(value)
    if name is None:
        wire = emitter.builder.wire(len(value), attrs=emitter.value_attrs.get(value, {}))
    else:
        wire, named = emitter.sigport_wires[name]
        assert value == named, f"Inconsistent values {value!r}, {named!r} for wire {name!r}"
        emitter.driven_sigports.add(name)
    emitter.nets.add(value, wire)
    return wire


def sigspec(emitter: Any, *parts: Any) -> str:
    """``ModuleEmitter.sigspec``, a run of neighbouring nets at a time."""
    joined: list[int] = []
    for part in parts:
        joined.extend(Value(part))
    nets = tuple(joined)
    chunks = []
    at, size = 0, len(nets)
    while at < size:
        net = nets[at]
        if 0 <= net <= 1:
            end = at + 1
            while end < size and 0 <= nets[end] <= 1:
                end += 1
            bits = "".join(map(str, reversed(nets[at:end])))
            chunks.append(f"{end - at}'{bits}")
        else:
            wire, bit, room = emitter.nets[net]
            end = at + run_length(nets, at, min(room, size - at))
            chunks.append(
                f"{wire.name} [{bit}]"
                if end == at + 1
                else f"{wire.name} [{bit + end - at - 1}:{bit}]"
            )
        at = end
    return chunks[0] if len(chunks) == 1 else "{ " + " ".join(reversed(chunks)) + " }"


def emit_memory(emitter: Any, cell_idx: int, cell: Any) -> None:
    """``ModuleEmitter.emit_memory`` that writes a word at a time, and none if all are zero.

    ``portable`` writes a loop for memories without first values.
    """
    if not any(cell.init):
        return
    mask, width = (1 << cell.width) - 1, cell.width
    bits = "".join(f"{row & mask:0{width}b}" for row in reversed(cell.init)) if width else ""
    emitter.builder.cell(
        "$meminit_v2",
        ports={
            "ADDR": emitter.sigspec(),
            "DATA": f"{len(bits)}'{bits}" if bits else emitter.sigspec(),
            "EN": emitter.sigspec(Value.ones(width)),
        },
        parameters={
            "MEMID": emitter.memories[cell_idx].memid,
            "ABITS": 0,
            "WIDTH": width,
            "WORDS": cell.depth,
            "PRIORITY": 0,
        },
        src_loc=cell.src_loc,
    )
