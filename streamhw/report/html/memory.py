# SPDX-License-Identifier: Apache-2.0
"""External memory: regions, parameters in order of use, and who is at which port."""

from collections import Counter
from collections.abc import Sequence

from ..channels import spread
from ..facts import Facts
from ..measured import Measured
from .markup import Content, Html, code, percent, section, table, tag

__all__ = ["memory", "names_of_ports"]

WIDTH = 1160.0
FILLS = ("fill-blue", "fill-teal", "fill-amber", "fill-grey")


def memory(facts: Facts, measured: Measured | None = None) -> Html:
    """The section, with the use of each channel in the last run that was compared."""
    end = max((r.offset + r.bytes for r in facts.regions), default=0)
    regions: list[list[Content]] = [
        [code(r.name), f"{r.offset:#x}", r.bytes, percent(r.bytes, end)] for r in facts.regions
    ]
    total: dict[str, int] = {}
    for run in facts.parameters:
        total[run.invocation] = total.get(run.invocation, 0) + run.bytes
    runs: list[list[Content]] = [
        [run.node, run.invocation, run.bytes, percent(run.bytes, total[run.invocation])]
        for run in facts.parameters
    ]
    ports: list[list[Content]] = [
        [names_of_ports(names), *how, ", ".join(clients) or "nobody"]
        for (how, clients), names in _alike(facts).items()
    ]
    return section(
        "memory",
        "Memory map",
        f"{end:,} of {facts.memory_bytes:,} bytes of external memory "
        f"({percent(end, facts.memory_bytes)}). Parameters lie in the order in which a step uses "
        f"them, so that one pass over memory feeds it.{_windows(facts)}",
        _map(facts, end),
        table(("region", "offset", "bytes#", "of all#"), regions),
        tag("h3", "Parameters in order of use"),
        table(("node", "in", "bytes#", "of these#"), runs),
        tag("h3", "Ports"),
        table(("port", "bits#", "beats a cycle#", "latency#", "clients"), ports),
        *(_use(measured) if measured is not None and measured.channels else ()),
    )


def _alike(facts: Facts) -> dict[tuple[tuple[int, float, int], tuple[str, ...]], list[str]]:
    """Ports by their width, beats and latency, and by who is there."""
    found: dict[tuple[tuple[int, float, int], tuple[str, ...]], list[str]] = {}
    for name, how in facts.ports.items():
        found.setdefault((how, facts.clients[name]), []).append(name)
    return found


def names_of_ports(ports: Sequence[str]) -> str:
    """Ports by their names; of many, the first and the last."""
    if len(ports) < 3:
        return ", ".join(ports)
    return f"{ports[0]} to {ports[-1]}, {len(ports)} ports"


def _windows(facts: Facts) -> str:
    """In how many layers of how wide windows a token reads keys and values."""
    counts = Counter(facts.windows)
    said = ", ".join(f"of {width:,} positions (layers: {n})" for width, n in sorted(counts.items()))
    return f" A token reads keys and values {said}." if said else ""


def _use(measured: Measured) -> tuple[Html, ...]:
    """What a run measured at the channels."""
    rows: list[list[Content]] = [
        [port, use.read_bytes, use.write_bytes, f"{use.peak:.1%}", f"{use.busy:.1%}",
         use.row_misses, use.refresh_cycles]
        for port, use in measured.channels.items()
    ]  # fmt: skip
    return (
        tag("h3", "Channels in the last run"),
        tag("p", f"Model {measured.memory}: {spread(measured.channels)}."),
        table(("port", "bytes read#", "bytes written#", "of peak#", "busy#", "rows opened#",
               "refresh cycles#"), rows),
    )  # fmt: skip


def _map(facts: Facts, end: int) -> Html:
    bars = []
    for number, region in enumerate(facts.regions):
        x, width = region.offset / end * WIDTH, max(1.0, region.bytes / end * WIDTH)
        bars.append(
            tag(
                "g",
                tag("rect", x=x, y=4, width=width, height=30, cls=FILLS[number % len(FILLS)]),
                tag("text", region.name, x=x + 2, y=48) if width > 7 * len(region.name) else None,
                data_tip=f"{region.name}\n{region.bytes:,} bytes at {region.offset:#x}",
            )
        )
    return tag("div", tag("svg", *bars, viewBox=f"0 0 {WIDTH:.0f} 54"), cls="figure")
