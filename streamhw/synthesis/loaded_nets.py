# SPDX-License-Identifier: Apache-2.0
"""The nets of a whole design with the most loads, and how many have more than wires can serve."""

from collections.abc import Mapping
from dataclasses import dataclass

from .fanout import BorderNet, FanOut, LoadedNet
from .modules import Modules
from .pins import Driver

__all__ = ["LARGE", "DesignNets", "NetRow", "nets_of_design"]

LARGE = 1000
"""Loads from which on nets are counted."""
WORST = 16
"""Nets that are listed."""


@dataclass(frozen=True)
class NetRow:
    """Nets that are alike, in each of ``instances`` modules of a kind."""

    module: str
    instances: int
    net: LoadedNet


@dataclass(frozen=True)
class DesignNets:
    """worst: most loads first; large: nets of at least ``LARGE`` loads by what drives them."""

    worst: tuple[NetRow, ...]
    large: Mapping[str, int]


def nets_of_design(modules: Modules, found: Mapping[str, FanOut]) -> DesignNets:
    """The most loaded nets of a design, of the fan-outs of its kinds of modules."""
    instances = modules.instances()
    rows = [
        NetRow(name, instances[name], net)
        for name in modules.kinds
        for net in (*found[name].whole, *(_of_top(found[name]) if name == modules.top else ()))
    ]
    rows.sort(key=lambda row: (-row.net.loads.total, row.module, row.net.net))
    large = dict.fromkeys((driver.value for driver in Driver), 0)
    for row in rows:
        if row.net.loads.total >= LARGE:
            large[row.net.driver.value] += row.net.bits * row.instances
    return DesignNets(tuple(rows[:WORST]), {name: count for name, count in large.items() if count})


def _of_top(top: FanOut) -> list[LoadedNet]:
    """Nets at the pins of the top, which end there."""
    return [_ended(net) for net in top.border if net.loads.total]


def _ended(net: BorderNet) -> LoadedNet:
    if net.source is not None:
        return LoadedNet(net.source.net, net.source.driver, net.loads)
    port, place = net.ports[0]
    return LoadedNet(f"{port}[{place}]", Driver.PIN, net.loads)
