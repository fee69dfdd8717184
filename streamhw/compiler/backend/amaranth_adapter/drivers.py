# SPDX-License-Identifier: Apache-2.0
"""Assignments and connections of whole signals.

Upstream: ``Module._add_statement`` tests each bit of a signal with a mask as wide as the signal,
which is quadratic; ``NetlistEmitter`` keeps where each bit was connected for error messages, and is
itself kept, with the whole netlist, by functions that refer to themselves.
"""

from typing import Any

from amaranth.hdl import _ast, _dsl, _ir
from amaranth.hdl._nir import Value
from amaranth.hdl._xfrm import LHSMaskCollector

__all__ = ["add_statement", "connect", "emit_netlist", "emit_signal", "emit_undriven", "extend"]


class _Places:
    """Where nets were connected, looked up when asked for: only errors ask."""

    def __init__(self) -> None:
        self._places: list[tuple[Value, Any]] = []

    def add(self, value: Value, place: Any) -> None:
        self._places.append((value, place))

    def __getitem__(self, net: int) -> Any:
        return next(place for value, place in self._places if net in value)


def emit_netlist(netlist: Any, design: Any, *, all_undef_to_ff: bool = False) -> None:
    """``_emit_netlist`` that leaves nothing behind but the netlist."""
    emitter = _ir.NetlistEmitter(netlist, design, all_undef_to_ff=all_undef_to_ff)
    emitter.emit_fragment(design.fragment, None)
    vars(emitter).clear()


def emit_signal(emitter: Any, signal: Any) -> Value:
    """``NetlistEmitter.emit_signal`` without an entry for each bit."""
    signals = emitter.netlist.signals
    if signal in signals:
        return signals[signal]
    value = signals[signal] = emitter.netlist.alloc_late_value(signal)
    emitter.late_net_to_signal = emitter.netlist.late_to_signal
    return value


def connect(emitter: Any, lhs: Value, rhs: Value, *, src_loc: Any) -> None:
    """``NetlistEmitter.connect`` of all bits at once."""
    assert len(lhs) == len(rhs)
    connections = emitter.netlist.connections
    if not isinstance(emitter.connect_src_loc, _Places):
        emitter.connect_src_loc = _Places()
    if not connections.keys().isdisjoint(lhs):
        left = next(net for net in lhs if net in connections)
        signal, bit = emitter.late_net_to_signal[left]
        other = emitter.connect_src_loc[left]
        raise _ir.DriverConflict(
            f"Bit {bit} of signal {signal!r} has multiple drivers: "
            f"{other[0]}:{other[1]} and {src_loc[0]}:{src_loc[1]}"
        )
    connections.update(zip(lhs, rhs, strict=True))
    emitter.connect_src_loc.add(lhs, src_loc)


def extend(emitter: Any, value: Value, signed: bool, width: int) -> Value:
    """``NetlistEmitter.extend`` by all missing bits at once."""
    missing = width - len(value)
    if missing <= 0:
        return value
    return Value((*value, *[value[-1] if signed else 0] * missing))


def emit_undriven(emitter: Any) -> None:
    """``NetlistEmitter.emit_undriven`` of the late nets that nothing was connected to."""
    netlist = emitter.netlist
    for net in set(range(netlist.last_late_net, 0)).difference(netlist.connections):
        signal, bit = netlist.late_to_signal[net]
        netlist.connections[net] = signal.init >> bit & 1


def add_statement(module: Any, assigns: Any, domain: str, depth: int) -> None:
    """``Module._add_statement`` with the driven bits as a mask for each domain."""
    if module._frozen:
        raise _dsl.AlreadyElaborated("Cannot modify a module that has already been elaborated")
    while len(module._ctrl_stack) > module.domain._depth:
        module._pop_ctrl()
    driving = vars(module).setdefault("_driving_masks", _ast.SignalDict())
    for stmt in _ast.Statement.cast(assigns):
        late = isinstance(stmt, _dsl._LateBoundStatement)
        if not late and not isinstance(stmt, _ast.Assign | _ast.Property | _ast.Print):
            raise _dsl.SyntaxError(
                f"Only assignments, prints, and property checks may be appended to d.{domain}"
            )
        stmt._MustUse__used = True
        _dsl._check_stmt(stmt)
        collector = LHSMaskCollector()
        if not late:
            collector.visit_stmt(stmt)
        for signal, mask in collector.masks():
            masks = driving.setdefault(signal, {})
            for other, driven in masks.items():
                if other != domain and driven & mask:
                    bit = ((driven & mask) & -(driven & mask)).bit_length() - 1
                    raise _dsl.SyntaxError(
                        f"Driver-driver conflict: trying to drive {signal!r} bit {bit} from "
                        f"d.{domain}, but it is already driven from d.{other}"
                    )
            masks[domain] = masks.get(domain, 0) | mask
        module._statements.setdefault(domain, []).append(stmt)
