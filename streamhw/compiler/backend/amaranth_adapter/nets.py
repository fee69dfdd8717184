# SPDX-License-Identifier: Apache-2.0
"""Nets as plain integers, and values of the netlist as whole tuples instead of bit by bit.

Upstream: each net is an object of its own class, which is slow to make and which the garbage
collector follows; ``nir.Value`` checks the type of each net again in each copy, slice and constant,
and the netlist keeps the signal of each bit for error messages. A signal of 16,384 bits pays for
that in every module that it passes. ``Net`` is a subclass of ``int`` and only says of a number
whether it is a constant (0 and 1), late (negative) or ``cell << 16 | bit``.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from amaranth.hdl._nir import Matches, Net, PriorityMatch, Value

__all__ = [
    "LateSignals",
    "add_value_cell",
    "alloc_late_value",
    "as_objects",
    "constant",
    "ensure",
    "from_cell",
    "from_const",
    "is_constant",
    "new_value",
    "outputs_of",
    "resolve_net",
    "resolve_value",
]

upstream_from_cell = vars(Net)["from_cell"]


class LateSignals:
    """The signal and the bit behind a late net, looked up when asked for: only errors ask."""

    def __init__(self) -> None:
        self._begins: list[int] = []  # negative and falling: kept negated, so that they rise
        self._signals: list[Any] = []

    def add(self, begin: int, signal: Any) -> None:
        """Nets from ``begin`` belong to the signal; each begins below all before it."""
        self._begins.append(-begin)
        self._signals.append(signal)

    def __getitem__(self, net: int) -> tuple[Any, int]:
        index = bisect_right(self._begins, -net - 1)
        return self._signals[index], net + self._begins[index]


def from_cell(cls: type[Net], cell: int, bit: int) -> int:
    """``Net.from_cell`` as a plain integer."""
    return cell << 16 | bit


def from_const(cls: type[Net], val: int) -> int:
    """``Net.from_const`` as a plain integer."""
    return val


def ensure(cls: type[Net], value: int) -> int:
    """``Net.ensure`` of what may be a plain integer."""
    return value


def new_value(cls: type[Value], nets: int | Iterable[int] = ()) -> Value:
    """``Value.__new__`` that takes a sequence of nets as it is."""
    if type(nets) is cls:
        return nets
    return tuple.__new__(cls, (nets,) if isinstance(nets, int) else nets)


def is_constant(value: Value) -> bool:
    """``Value.is_const`` of plain integers."""
    return all(net in (0, 1) for net in value)


def constant(cls: type[Value], value: int, width: int) -> Value:
    """``Value.from_const`` from the digits of the number."""
    if not width:
        return tuple.__new__(cls)
    digits = f"{value & ((1 << width) - 1):0{width}b}"
    return tuple.__new__(cls, map(int, reversed(digits)))


def add_value_cell(netlist: Any, width: int, cell: Any) -> Value:
    """``Netlist.add_value_cell`` that remembers the nets of the cell.

    Conditions keep their objects: ``rtlil`` asks them for their cells.
    """
    index = netlist.add_cell(cell)
    nets: Iterable[int] = range(index << 16, (index << 16) + width)
    if isinstance(cell, Matches | PriorityMatch):
        nets = map(Net, nets)
    value = tuple.__new__(Value, nets)
    outputs_of(netlist)[index] = value
    return value


def alloc_late_value(netlist: Any, signal: Any) -> Value:
    """``Netlist.alloc_late_value`` with one entry for the signal, not one for each bit."""
    begin = netlist.last_late_net - len(signal)
    if not isinstance(netlist.late_to_signal, LateSignals):
        netlist.late_to_signal = LateSignals()
    if len(signal):
        netlist.late_to_signal.add(begin, signal)
    value = tuple.__new__(Value, range(begin, netlist.last_late_net))
    netlist.last_late_net = begin
    return value


def resolve_net(netlist: Any, net: int) -> int:
    """``Netlist.resolve_net``, after ``check_comb_cycles`` has followed all chains."""
    found: int = netlist.connections.get(net, net)
    return found


def resolve_value(netlist: Any, value: Value) -> Value:
    """``Netlist.resolve_value``, after ``check_comb_cycles`` has followed all chains."""
    if not value or min(value) >= 0:
        return value
    return tuple.__new__(Value, map(netlist.connections.get, value, value))


def outputs_of(netlist: Any) -> dict[int, Value]:
    """The nets that each cell of a netlist drives."""
    outputs: dict[int, Value] = vars(netlist).setdefault("_outputs_of_cells", {})
    return outputs


class _AsObjects:
    """What cells are resolved with to have objects for nets."""

    def resolve_net(self, net: int) -> Net:
        return Net(net)

    def resolve_value(self, value: Value) -> Value:
        return tuple.__new__(Value, map(Net, value))


@contextmanager
def as_objects(netlist: Any) -> Iterator[None]:
    """Gives a netlist its ``Net`` objects, for functions of Amaranth that are not replaced."""
    made = _AsObjects()
    for cell in netlist.cells:
        cell.resolve_nets(made)
    for signal, value in netlist.signals.items():
        netlist.signals[signal] = made.resolve_value(value)
    netlist.connections = {Net(late): Net(net) for late, net in netlist.connections.items()}
    ours = vars(Net)["from_cell"]
    Net.from_cell = upstream_from_cell
    try:
        yield
    finally:
        Net.from_cell = ours
