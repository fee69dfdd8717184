# SPDX-License-Identifier: Apache-2.0
"""Values of the netlist as whole tuples instead of bit by bit.

Upstream: ``nir.Value`` checks the type of each net again in each copy, slice and constant, and the
netlist keeps the signal of each bit for error messages. A signal of 16,384 bits pays for that in
every module that it passes.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from amaranth.hdl._nir import Net, Value

__all__ = [
    "LateSignals",
    "add_value_cell",
    "alloc_late_value",
    "constant",
    "from_cell",
    "new_value",
    "outputs_of",
    "resolve_value",
]

ZERO, ONE = Net(0), Net(1)


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


def from_cell(cls: type[Net], cell: int, bit: int) -> Net:
    """``Net.from_cell`` without its assertions, which cost more than the net."""
    return cls(cell << 16 | bit)


def new_value(cls: type[Value], nets: Net | Iterable[Net] = ()) -> Value:
    """``Value.__new__`` that takes a sequence of nets as it is."""
    if type(nets) is cls:
        return nets
    return tuple.__new__(cls, (nets,) if type(nets) is Net else nets)


def constant(cls: type[Value], value: int, width: int) -> Value:
    """``Value.from_const`` with the two nets that exist, not new ones."""
    bits = (ZERO, ONE)
    return tuple.__new__(cls, [bits[value >> bit & 1] for bit in range(width)])


def add_value_cell(netlist: Any, width: int, cell: Any) -> Value:
    """``Netlist.add_value_cell`` that remembers the nets of the cell."""
    index = netlist.add_cell(cell)
    value = tuple.__new__(Value, map(Net, range(index << 16, (index << 16) + width)))
    outputs_of(netlist)[index] = value
    return value


def alloc_late_value(netlist: Any, signal: Any) -> Value:
    """``Netlist.alloc_late_value`` with one entry for the signal, not one for each bit."""
    begin = netlist.last_late_net - len(signal)
    if not isinstance(netlist.late_to_signal, LateSignals):
        netlist.late_to_signal = LateSignals()
    if len(signal):
        netlist.late_to_signal.add(begin, signal)
    value = tuple.__new__(Value, map(Net, range(begin, netlist.last_late_net)))
    netlist.last_late_net = begin
    return value


def resolve_value(netlist: Any, value: Value) -> Value:
    """``Netlist.resolve_value``, after ``check_comb_cycles`` has followed all chains."""
    if not value or min(value) >= 0:
        return value
    return tuple.__new__(Value, map(netlist.connections.get, value, value))


def outputs_of(netlist: Any) -> dict[int, Value]:
    """The nets that each cell of a netlist drives."""
    outputs: dict[int, Value] = vars(netlist).setdefault("_outputs_of_cells", {})
    return outputs
