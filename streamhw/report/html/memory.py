# SPDX-License-Identifier: Apache-2.0
"""External memory: regions, parameters in order of use, and who is at which port."""

from ..facts import Facts
from .markup import Content, Html, percent, section, table, tag

__all__ = ["memory"]

WIDTH = 1160.0
FILLS = ("fill-blue", "fill-teal", "fill-amber", "fill-grey")


def memory(facts: Facts) -> Html:
    """The section."""
    end = max((r.offset + r.bytes for r in facts.regions), default=0)
    regions: list[list[Content]] = [
        [tag("code", r.name), f"{r.offset:#x}", r.bytes, percent(r.bytes, end)]
        for r in facts.regions
    ]
    total: dict[str, int] = {}
    for run in facts.parameters:
        total[run.activation] = total.get(run.activation, 0) + run.bytes
    runs: list[list[Content]] = [
        [run.node, run.activation, run.bytes, percent(run.bytes, total[run.activation])]
        for run in facts.parameters
    ]
    ports: list[list[Content]] = [
        [
            name,
            width,
            beats,
            latency,
            ", ".join(client for client, at in facts.clients.items() if at == name) or "nobody",
        ]
        for name, (width, beats, latency) in facts.ports.items()
    ]
    return section(
        "memory",
        "Memory map",
        f"{end:,} of {facts.memory_bytes:,} bytes of external memory "
        f"({percent(end, facts.memory_bytes)}). Parameters lie in the order in which a step uses "
        "them, so that one pass over memory feeds it.",
        _map(facts, end),
        table(("region", "offset", "bytes#", "of all#"), regions),
        tag("h3", "Parameters in order of use"),
        table(("node", "in", "bytes#", "of these#"), runs),
        tag("h3", "Ports"),
        table(("port", "bits#", "beats a cycle#", "latency#", "clients"), ports),
    )


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
