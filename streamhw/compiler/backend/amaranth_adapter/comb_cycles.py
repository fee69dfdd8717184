# SPDX-License-Identifier: Apache-2.0
"""The check for combinational cycles, first between whole cells.

Upstream: ``Netlist.check_comb_cycles`` walks from each output bit to each input bit that it may
depend on: for an assignment list of n bits in m parts that is n times m steps. Where no cell
depends on itself through any of its bits, no bit does; only where one might, the bits are looked
at.
"""

from collections.abc import Iterable
from typing import Any

from amaranth.hdl import _nir
from amaranth.hdl._nir import Value

from .nets import as_objects, outputs_of

__all__ = ["check_comb_cycles"]

upstream_check = _nir.Netlist.check_comb_cycles


def check_comb_cycles(netlist: Any) -> None:
    """``Netlist.check_comb_cycles``; it also connects each late net to its driver directly."""
    connections = netlist.connections
    late, before = _follow(connections)
    if late is None or _may_cycle(netlist):
        connections.update(zip(late or (), before, strict=False))
        with as_objects(netlist):
            upstream_check(netlist)
        _follow(netlist.connections)


def _follow(connections: dict[int, int]) -> tuple[list[int] | None, list[int]]:
    """Replaces chains of late nets by their ends.

    Returns the nets whose connection changed and what it was; None and nothing, with all as it was,
    if a chain has no end.
    """
    changed: list[int] = []
    before: list[int] = []
    count = len(connections)
    for late, driver in connections.items():
        if driver >= 0:
            continue
        first, steps = driver, 0
        while driver < 0:
            if steps > count:
                connections.update(zip(changed, before, strict=True))
                return None, []
            driver = connections[driver]
            steps += 1
        changed.append(late)
        before.append(first)
        connections[late] = driver
    return changed, before


def _may_cycle(netlist: Any) -> bool:
    """Whether some cell might depend on its own output."""
    connections = netlist.connections
    edges: dict[int, set[int]] = {}
    for index in outputs_of(netlist):
        cells = edges[index] = set()
        for value in _comb_inputs(netlist.cells[index]):
            cells.update(net >> 16 for net in set(map(connections.get, value, value)))
        cells.discard(0)
    done: set[int] = set()
    for start in edges:
        if start in done:
            continue
        path, on_path = [(start, iter(edges[start]))], {start}
        while path:
            cell, left = path[-1]
            for other in left:
                if other in on_path:
                    return True
                if other not in done:
                    path.append((other, iter(edges.get(other, ()))))
                    on_path.add(other)
                    break
            else:
                path.pop()
                on_path.discard(cell)
                done.add(cell)
    return False


def _comb_inputs(cell: Any) -> Iterable[Value]:
    """Everything that an output of the cell may follow in the same cycle."""
    if isinstance(cell, _nir.AssignmentList):
        yield cell.default
        for assign in cell.assignments:
            yield assign.value
        yield Value({assign.cond for assign in cell.assignments})
    elif isinstance(cell, _nir.Operator):
        yield from cell.inputs
    elif isinstance(cell, _nir.FlipFlop):
        yield Value((cell.clk, cell.arst))
    elif isinstance(cell, _nir.SyncReadPort | _nir.Instance | _nir.Initial | _nir.AnyValue):
        return
    else:
        yield Value(cell.input_nets())
