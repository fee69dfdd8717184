# SPDX-License-Identifier: Apache-2.0
"""Longest combinational paths of a mapped netlist, in levels of logic, module by module.

A level is a LUT, the entry of a carry chain, a read of LUT memory, or a multiplier without a
register; steps along a carry chain are free, wires are free. Paths go through the borders of
modules: each module says, for its outputs, how far they are behind registers and behind its inputs,
and, for its inputs, how far registers are behind them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .netlist import Bit, bit_names, cell_kind, cell_sides

__all__ = ["Levels", "LogicPath", "measure"]

Far = dict[str, int]
"""Levels behind input ports."""

_CARRY = {"CARRY4": ("CI",), "CARRY8": ("CI", "CI_TOP"), "CCU2C": ("CIN",)}
"""Carry cells with the inputs from which a step is free."""
_LUT_MEMORY = ("RAM32", "RAM64", "RAM128", "RAM256", "TRELLIS_DPR")
_ADDRESS = ("A", "ADDR", "DPRA", "RAD")
"""How inputs begin from which LUT memory is read without a register."""
_LOGIC = ("$lut", "LUT", "MUXF", "PFUMX", "L6MUX", "INV", "$_")
_REGISTERS = (
    "$__XILINX_SHREG_",
    *("$_DFF_", "$_SDFF", "$_ALDFF", "$_DFFE", "$_SR", "$_DLATCH", "$_FF"),
)


@dataclass(frozen=True)
class LogicPath:
    """The longest path in a module: its levels, and the nets at its two ends.

    inside: the kind of module that it is wholly in, if that is not this one
    """

    levels: int = 0
    begin: str = ""
    end: str = ""
    inside: str = ""


@dataclass(frozen=True)
class Levels:
    """What a module is for a path.

    longest: that ends at a register in the module itself or in what it contains, and is whole
    behind: of each output bit, levels behind registers and behind input ports
    ahead: of each input port, levels to the farthest register
    """

    longest: LogicPath = LogicPath()
    behind: Mapping[str, tuple[tuple[int, Far], ...]] = field(default_factory=dict)
    ahead: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Arc:
    """From a bit, or from a register (``None``), over so many levels."""

    source: Bit | None
    weight: int


def measure(netlist: Mapping[str, Any], known: Mapping[str, Levels]) -> Levels:
    """Levels of a module of Yosys' JSON netlist; ``known``: of the modules that it contains."""
    arcs: dict[Bit, list[_Arc]] = {}
    ends: list[tuple[Bit, int, Bit]] = []
    for name, cell in netlist["cells"].items():
        kind = cell_kind(cell)
        inputs, outputs = cell_sides(cell)
        if kind in known:
            _child(known[kind], inputs, outputs, arcs, ends, name)
            continue
        through = list(_through(kind, cell, inputs))
        inside = [] if through and not kind.startswith(_LUT_MEMORY) else [_Arc(None, 0)]
        for bit in (b for bits in outputs.values() for b in bits if isinstance(b, int)):
            arcs[bit] = [*inside, *(_Arc(b, w) for b, w in through)]
        passed = {b for b, _ in through}
        result = next((b for bits in outputs.values() for b in bits), name)
        ends += [(b, 0, result) for bits in inputs.values() for b in bits
                 if isinstance(b, int) and b not in passed]  # fmt: skip
    ports = netlist["ports"]
    sources: dict[Bit, str] = {
        bit: port
        for port, what in ports.items()
        if what["direction"] != "output"
        for bit in what["bits"]
    }
    found = _Arrivals(arcs, sources)
    longest, ahead = LogicPath(), dict.fromkeys(sources.values(), 0)
    names = bit_names(netlist)
    best: tuple[int, Bit, Bit] | None = None
    for at, more, end in ends:
        level, far = found.of(at)
        if level >= 0 and (best is None or level + more > best[0]):
            best = (level + more, at, end)
        for port, n in far.items():
            ahead[port] = max(ahead[port], n + more)
    if best is not None:
        far_level, last, end = best
        longest = LogicPath(far_level, names.get(found.begin(last), ""), names.get(end, str(end)))
    for kind in {cell_kind(cell) for cell in netlist["cells"].values()}:
        if kind in known and known[kind].longest.levels > longest.levels:
            inner = known[kind].longest
            longest = LogicPath(inner.levels, inner.begin, inner.end, inner.inside or kind)
    behind = {
        port: tuple(found.of(bit) for bit in what["bits"])
        for port, what in ports.items()
        if what["direction"] == "output"
    }
    return Levels(longest, behind, ahead)


def _child(
    known: Levels,
    inputs: Mapping[str, list[Bit]],
    outputs: Mapping[str, list[Bit]],
    arcs: dict[Bit, list[_Arc]],
    ends: list[tuple[Bit, int, Bit]],
    name: str,
) -> None:
    for port, bits in outputs.items():
        for place, bit in enumerate(bits):
            if not isinstance(bit, int) or place >= len(known.behind.get(port, ())):
                continue
            level, far = known.behind[port][place]
            arcs[bit] = [_Arc(None, level)] if level >= 0 else []
            arcs[bit] += [_Arc(b, n) for p, n in far.items() for b in inputs.get(p, ())
                          if isinstance(b, int)]  # fmt: skip
    for port, bits in inputs.items():
        more = known.ahead.get(port, 0)
        ends += [(bit, more, f"{name}.{port}") for bit in bits if isinstance(bit, int)]


def _through(
    kind: str, cell: Mapping[str, Any], inputs: Mapping[str, list[Bit]]
) -> Iterator[tuple[Bit, int]]:
    """Input bits from which a cell's outputs follow without a clock, with their levels."""
    if kind.startswith(_REGISTERS):
        return
    for port, bits in inputs.items():
        weight = 1
        if kind in _CARRY:
            weight = 0 if port in _CARRY[kind] else 1
        elif kind.startswith(_LUT_MEMORY):
            if not port.startswith(_ADDRESS):
                continue
        elif kind.startswith("DSP48") or kind.startswith("MULT"):
            if _registered(cell["parameters"]):
                continue
        elif not kind.startswith(_LOGIC):
            continue
        yield from ((bit, weight) for bit in bits if isinstance(bit, int))


def _registered(parameters: Mapping[str, Any]) -> bool:
    """Whether a multiplier has a register anywhere between its operands and its result."""

    def on(name: str) -> bool:
        value = str(parameters.get(name, "0"))
        return value.startswith("CLK") or (set(value) <= {"0", "1"} and int(value or "0", 2) > 0)

    names = ("AREG", "MREG", "PREG", "REG_INPUTA_CLK", "REG_OUTPUT_CLK", "REG_PIPELINE_CLK")
    return any(on(name) for name in names)


class _Arrivals:
    """Levels of every bit, found when they are asked for."""

    def __init__(self, arcs: Mapping[Bit, list[_Arc]], sources: Mapping[Bit, str]):
        self._arcs = arcs
        self._known: dict[Bit, tuple[int, Far]] = {b: (-1, {p: 0}) for b, p in sources.items()}
        self._before: dict[Bit, Bit] = {}

    def of(self, bit: Bit) -> tuple[int, Far]:
        """Levels behind registers, -1 if it is behind none, and behind input ports.

        A loop, which only paths through ports of modules can seem to be, is cut.
        """
        waiting, open_bits = [bit], set()
        while waiting:
            at = waiting[-1]
            if at in self._known:
                waiting.pop()
                continue
            arcs = self._arcs.get(at, ())
            new = [a.source for a in arcs if a.source is not None and a.source not in self._known
                   and a.source not in open_bits]  # fmt: skip
            open_bits.add(at)
            if new:
                waiting += new
                continue
            self._known[at] = self._joined(at, arcs)
            waiting.pop()
        return self._known[bit]

    def _joined(self, at: Bit, arcs: "list[_Arc] | tuple[()]") -> tuple[int, Far]:
        level, far = -1, dict[str, int]()
        for arc in arcs:
            if arc.source is None:
                level = max(level, arc.weight)
                continue
            before, behind = self._known.get(arc.source, (-1, {}))
            if before >= 0 and before + arc.weight > level:
                level = before + arc.weight
                self._before[at] = arc.source
            for port, n in behind.items():
                far[port] = max(far.get(port, 0), n + arc.weight)
        return level, far

    def begin(self, bit: Bit) -> Bit:
        """Where the longest path to a bit begins."""
        while bit in self._before:
            bit = self._before[bit]
        return bit
