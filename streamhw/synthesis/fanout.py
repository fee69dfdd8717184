# SPDX-License-Identifier: Apache-2.0
"""Loads of the nets of a mapped netlist, module by module, and of nets that pass their borders.

A net goes into the modules that are inside and out to the one around: each kind of module says, for
its ports, how many pins a net drives in it and what drives it there. A net counts where all of it
is: in the innermost module that it does not leave. Clocks, which have nets of their own, and
constants do not count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .netlist import Bit, bit_names, cell_kind, cell_sides
from .pins import Driver, Pin, driver_of, pin_of

__all__ = ["LISTED", "BorderNet", "FanOut", "LoadedNet", "Loads", "NetSource", "measure_fan_out"]

LISTED = 64
"""Loads from which on nets are listed."""


@dataclass(frozen=True)
class Loads:
    """Pins that a net drives; ``logic``: of LUTs, carries and multiplexers, selects too."""

    reset: int = 0
    enable: int = 0
    address: int = 0
    logic: int = 0
    data: int = 0

    @property
    def total(self) -> int:
        return self.reset + self.enable + self.address + self.logic + self.data

    def __add__(self, other: "Loads") -> "Loads":
        return Loads(
            self.reset + other.reset,
            self.enable + other.enable,
            self.address + other.address,
            self.logic + other.logic,
            self.data + other.data,
        )


@dataclass(frozen=True)
class NetSource:
    """What drives a net, and the net's name there: instances from the module on, and the net."""

    driver: Driver
    net: str = ""


@dataclass(frozen=True)
class BorderNet:
    """A net that passes the border of a module.

    ports: bits of ports that are this net; source: ``None`` if it comes from outside
    loads: in the module and all that it contains
    """

    ports: tuple[tuple[str, int], ...]
    loads: Loads = Loads()
    source: NetSource | None = None


@dataclass(frozen=True)
class LoadedNet:
    """Nets that are wholly in a module: bits of one name with the same driver and loads."""

    net: str
    driver: Driver
    loads: Loads
    bits: int = 1


@dataclass(frozen=True)
class FanOut:
    """What a module is for a net.

    whole: nets of at least ``LISTED`` loads that do not leave the module, largest first
    border: nets that do
    """

    whole: tuple[LoadedNet, ...] = ()
    border: tuple[BorderNet, ...] = ()


def measure_fan_out(netlist: Mapping[str, Any], known: Mapping[str, FanOut]) -> FanOut:
    """Fan-outs of a module of Yosys' JSON netlist; ``known``: of the modules that it contains."""
    names = bit_names(netlist)
    nets = _Nets()
    for instance, cell in netlist["cells"].items():
        kind = cell_kind(cell)
        if kind in known:
            nets.add_module(instance, known[kind], cell["connections"])
        else:
            nets.add_cell(kind, cell, names)
    ports = {(port, place): bit for port, what in netlist["ports"].items()
             for place, bit in enumerate(what["bits"])}  # fmt: skip
    outside: dict[Bit, list[tuple[str, int]]] = {}
    for at, bit in ports.items():
        outside.setdefault(nets.root(bit), []).append(at)
    border = (_border_net(root, at, nets) for root, at in outside.items())
    inside = (
        LoadedNet(source.net, source.driver, nets.loads[root])
        for root, source in nets.sources.items()
        if root not in outside and nets.loads.get(root, Loads()).total >= LISTED
    )
    told = (net for net in border if len(net.ports) > 1 or net.loads.total or net.source)
    return FanOut(tuple(_buses(inside)), tuple(told))


def _border_net(root: Bit, ports: list[tuple[str, int]], nets: "_Nets") -> BorderNet:
    if _is_constant(root):
        return BorderNet(tuple(ports), source=NetSource(Driver.CONSTANT))
    return BorderNet(tuple(ports), nets.loads.get(root, Loads()), nets.sources.get(root))


def _is_constant(bit: Bit) -> bool:
    return isinstance(bit, str)


def _buses(nets: Iterator[LoadedNet]) -> list[LoadedNet]:
    """Bits of one name that are alike as one, largest first."""
    found: dict[LoadedNet, int] = {}
    for net in nets:
        bare = LoadedNet(re.sub(r"\[\d+\]$", "", net.net), net.driver, net.loads)
        found[bare] = found.get(bare, 0) + 1
    alike = [LoadedNet(net.net, net.driver, net.loads, bits) for net, bits in found.items()]
    return sorted(alike, key=lambda net: (-net.loads.total, net.net))


class _Nets:
    """Nets of a module, with what modules inside connect to one another taken as one net.

    Loads and sources are kept at a net's root; the root of a net that is constant is a constant.
    """

    def __init__(self) -> None:
        self.loads: dict[Bit, Loads] = {}
        self.sources: dict[Bit, NetSource] = {}
        self._joined: dict[Bit, Bit] = {}

    def add_cell(self, kind: str, cell: Mapping[str, Any], names: Mapping[Bit, str]) -> None:
        inputs, outputs = cell_sides(cell)
        for port, bits in inputs.items():
            pin = pin_of(kind, port)
            if pin is not Pin.CLOCK:
                for bit in bits:
                    self._load(bit, Loads(**{pin.value: 1}))
        for bit in (bit for bits in outputs.values() for bit in bits):
            self._drive(bit, NetSource(driver_of(kind), names.get(bit, "")))

    def add_module(
        self, instance: str, inside: FanOut, connections: Mapping[str, list[Bit]]
    ) -> None:
        for net in inside.border:
            bits = [
                connections[port][place]
                for port, place in net.ports
                if place < len(connections.get(port, ()))
            ]
            if not bits:  # nothing is connected here
                continue
            if net.source is not None and net.source.driver is Driver.CONSTANT:
                bits.append("0")
            for bit in bits[1:]:
                self._join(bits[0], bit)
            self._load(bits[0], net.loads)
            if net.source is not None:
                self._drive(bits[0], NetSource(net.source.driver, f"{instance}.{net.source.net}"))

    def root(self, bit: Bit) -> Bit:
        while bit in self._joined:
            bit = self._joined[bit]
        return bit

    def _load(self, bit: Bit, loads: Loads) -> None:
        root = self.root(bit)
        self.loads[root] = self.loads.get(root, Loads()) + loads

    def _drive(self, bit: Bit, source: NetSource) -> None:
        root = self.root(bit)
        if not _is_constant(root):
            self.sources[root] = source

    def _join(self, one: Bit, other: Bit) -> None:
        gone, kept = self.root(one), self.root(other)
        if gone == kept:
            return
        if _is_constant(gone):
            gone, kept = kept, gone
        self._joined[gone] = kept
        self._load(kept, self.loads.pop(gone, Loads()))
        if gone in self.sources:
            self.sources[kept] = self.sources.pop(gone)
