# SPDX-License-Identifier: Apache-2.0
"""Tables of what lies on streams: FIFOs with predicted and measured peaks, layout converters."""

from ..facts import Facts, FlowFacts, StreamFacts
from ..measured import Measured
from .chart import meter
from .markup import Content, Html, opener, percent, section, table, tag

__all__ = ["converters", "fifos"]


def fifos(facts: Facts, measured: Measured | None) -> Html:
    """The section."""
    flows = {flow.stream: flow for flow in facts.flows}
    queues = [stream for stream in facts.streams if stream.depth]
    queues.sort(key=lambda stream: (-stream.depth * stream.bits, stream.name))
    rows = [(stream, _row(stream, flows.get(stream.name), measured)) for stream in queues]
    columns = ["stream", "depth#", "bits#", "memory", "first beat waits#", "predicted peak#",
               *(("measured peak#", "fill") if measured else ()), "type"]  # fmt: skip
    deep = table(columns, [row for stream, row in rows if stream.depth > 2])
    shallow = [row for stream, row in rows if stream.depth <= 2]
    total = sum(stream.depth * stream.bits for stream in queues)
    says = (
        f"{len(rows)} queues hold {total:,} bits; {len(facts.streams) - len(rows)} streams are "
        "wires. Predicted: the most beats that wait in the schedule of the linear program. "
    )
    says += (
        "Measured: the highest level in the simulated run; red where a queue was full."
        if measured
        else "No run was recorded in this build: one with --check adds its peaks."
    )
    rest = tag("details", tag("summary", f"{len(shallow)} queues of 2 beats or less"),
               table(columns, shallow))  # fmt: skip
    return section("fifos", "FIFOs", says, deep, rest)


def _row(stream: StreamFacts, flow: FlowFacts | None, measured: Measured | None) -> list[Content]:
    seen: list[Content] = []
    if measured is not None:
        peak = measured.peaks.get(stream.name)
        full = peak is not None and peak >= stream.depth > 2
        seen = [None if peak is None else tag("span", peak, cls="warn" if full else None),
                None if peak is None else meter(peak, stream.depth)]  # fmt: skip
    return [
        opener("edge", stream.name),
        stream.depth,
        stream.depth * stream.bits,
        stream.memory or "registers",
        None if flow is None else round(flow.delay),
        None if flow is None else flow.peak,
        *seen,
        tag("code", str(stream.consumed)),
    ]


def converters(facts: Facts) -> Html:
    """The section."""
    rows: list[list[Content]] = []
    ours = pingpong = bound = 0
    for part in facts.parts:
        c = part.converter
        if c is None:
            continue
        ours, pingpong = ours + c.bits, pingpong + c.pingpong_bits
        bound += c.bound_bits or 0
        rows.append(
            [
                opener("part", part.name),
                c.kind,
                " \N{MULTIPLICATION SIGN} ".join(map(str, c.block)),
                ", ".join(c.shared) or "none",
                c.reuse,
                c.bits,
                c.pingpong_bits,
                c.bound_bits,
                None if not c.bound_bits else f"{c.bits / c.bound_bits:.2f}",
            ]
        )
    says = (
        f"{len(rows)} layout converters hold {ours:,} bits: {percent(ours, pingpong)} of the "
        f"{pingpong:,} bits of ping-pong buffers"
    )
    says += f", {ours / bound:.2f} times the peak live elements." if bound else "."
    columns = ("converter", "kind", "block", "shared loops", "reads of a block#", "bits#",
               "ping-pong bits#", "peak live bits#", "bits / peak live#")  # fmt: skip
    ratio = f"{ours / bound:.2f}" if bound else None
    foot = ("all", "", "", "", None, ours, pingpong, bound or None, ratio)
    return section("converters", "Converters", says, table(columns, rows, foot=foot))
