# SPDX-License-Identifier: Apache-2.0
"""Programs of tasks that move rigidly."""

from streamhw.compiler.fifo import (
    READ,
    FifoProgram,
    FifoStream,
    Rule,
    Side,
    ends,
)

Edge = tuple[str, str, int, int]
"""Source, sink, cycles from the source's first beat to the sink's at the least, bits."""


def lines(edges: list[Edge], pace: dict[str, int] | None = None, beats: int = 16) -> FifoProgram:
    """Tasks that move rigidly: every beat is taken and given at one pace."""
    tasks = sorted({t for a, b, _, _ in edges for t in (a, b)})
    rules = []
    for task in tasks:
        length = float((beats - 1) * (pace or {}).get(task, 1))
        first, last = ends(task, Side.INPUT)
        terms = ((last, 1.0), (first, -1.0))
        rules.append(Rule(terms, length, "pace"))
        rules.append(Rule(tuple((e, -k) for e, k in terms), -length, "pace"))
    streams = tuple(
        FifoStream(
            name=f"{a}_{b}_{n}",
            source=a,
            sink=b,
            count=beats,
            bits=bits,
            beats=(0, beats - 1),
            written=ends(a, Side.INPUT),
            read=ends(b, Side.INPUT),
            lag=offset - READ,
        )
        for n, (a, b, offset, bits) in enumerate(edges)
    )
    read = {a for a, _, _, _ in edges}
    return FifoProgram(
        rules=tuple(rules),
        streams=streams,
        results=tuple(ends(t, Side.INPUT)[0] for t in tasks if t not in read),
        sides=tuple((*ends(t, Side.INPUT), 1.0) for t in tasks),
    )


# How many beats wait.
