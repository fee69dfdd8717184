# SPDX-License-Identifier: Apache-2.0
"""Cells: of each part, in all, and what the board has."""

from ...compiler.resources.fpga_cells import Cells
from ..summary import Summary
from .chart import meter
from .markup import Content, Html, code, percent, section, table

__all__ = ["KINDS", "resources"]

KINDS = (
    ("LUT", "luts"),
    ("FF", "ffs"),
    ("DSP", "dsps"),
    ("block RAM", "block_ram"),
    ("URAM", "ultra_ram"),
)


def resources(summary: Summary) -> Html:
    """The section."""
    total: list[list[Content]] = [
        [name, getattr(summary.total, field), have, percent(getattr(summary.total, field), have),
         meter(getattr(summary.total, field), have)]
        for name, field in KINDS
        if (have := summary.budget.get(field, 0))
    ]  # fmt: skip
    parts: list[list[Content]] = [
        [
            code(row.name),
            row.kind,
            row.scope,
            row.interval,
            row.latency,
            row.macs or None,
            row.buffer_bits or None,
            *_cells(row.cells),
        ]
        for row in summary.kernels
    ]
    parts.append(["queues", "FIFO", "", None, None, None, summary.queues.memory_bits,
                  *_cells(summary.queues)])  # fmt: skip
    names = [f"{name}#" for name, _ in KINDS]
    foot: list[Content] = ["all", "", "", None, None, None, summary.total.memory_bits,
                           *_cells(summary.total)]  # fmt: skip
    return section(
        "resources",
        "Resources",
        f"Estimates from formulas, against what {summary.board} has (synth counts cells). "
        f"Interval and latency: cycles of one layer with {summary.token_batch} tokens "
        "at the end of the context.",
        table(("cells", "used#", "of#", "share#", ""), total),
        table(
            ("part", "kind", "scope", "interval#", "latency#", "MAC a cycle#", "buffer bits#",
             *names),
            parts,
            foot=foot,
        ),
    )  # fmt: skip


def _cells(cells: Cells) -> list[Content]:
    return [getattr(cells, field) or None for _, field in KINDS]
