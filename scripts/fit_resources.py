# SPDX-License-Identifier: Apache-2.0
"""What `resources()` of every kernel and part says, beside the cells that Yosys counts.

Usage: python scripts/fit_resources.py            counts, and writes both files below
       python scripts/fit_resources.py --estimate counts nothing: estimates anew, and writes both

The grid is the parts of a few small designs that have every kind of part, for both families. What
Yosys counts is kept in docs/resource_fits.json with date and version; docs/resource_fits.md is the
table of the errors. The test that holds estimates to these bounds needs no Yosys.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamhw.boards.base import Board, load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.floorplan.top_overhead import queue_of, queue_owner
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.compiler.resources.fpga_cells import Cells, logic_cells
from streamhw.frontend.decoder import decoder_graph
from streamhw.frontend.decoder_config import DecoderConfig
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.model import Model, Origin
from streamhw.frontend.weights import RandomWeights
from streamhw.quantization.config import QuantConfig
from streamhw.sim.verilator import default_cache
from streamhw.synthesis.mapping import map_modules
from streamhw.synthesis.modules import read_modules
from streamhw.synthesis.synthesize import own_cells, total_cells
from streamhw.synthesis.yosys import find_yosys

ROOT = Path(__file__).resolve().parents[1]
COUNTS = ROOT / "docs" / "resource_fits.json"
PAGE = ROOT / "docs" / "resource_fits.md"
SMALL = 200
"""LUTs or FFs below which a part's error is a share of this many: some cells more are noise."""

GPT2 = Gpt2Config(layers=2, features=64, heads=2, vocabulary=60, context=64, hidden=128)
LLAMA = DecoderConfig(
    layers=2,
    features=64,
    hidden=128,
    heads=4,
    kv_heads=2,
    head_dim=16,
    vocabulary=60,
    context=64,
    head_norms=True,
)
NUMBERS = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)


@dataclass(frozen=True, kw_only=True)
class EstimatedPart:
    """A part of a design: its kind and what it is estimated at."""

    design: str
    name: str
    kind: str
    family: str
    estimate: Cells


def model(config: Gpt2Config | DecoderConfig) -> Model:
    """A model of that shape with random weights."""
    graph = (
        gpt2_graph("tiny_gpt2", config)
        if isinstance(config, Gpt2Config)
        else decoder_graph("tiny_llama", config)
    )
    weights = RandomWeights(graph, additions=2 * config.layers)
    return Model(name=graph.name, graph=graph, config=config, weights=weights, origin=Origin.RANDOM)


def placed(config: Gpt2Config | DecoderConfig, board: Board, wanted: BuildConfig) -> PlacedNetlist:
    """The design after all stages."""
    design = compile_model(model(config), board, wanted)
    assert isinstance(design, PlacedNetlist)
    return design


def designs() -> Iterator[tuple[str, PlacedNetlist]]:
    """The grid, by name: each has parts, or sizes of them, that the others have not."""
    sim, ulx3s = load_board("sim"), load_board("ulx3s")
    (port,) = sim.ports
    narrow = replace(sim, ports=(replace(port, width=128),))
    yield "gpt2 for sim", placed(GPT2, sim, NUMBERS)
    yield "gpt2 for ulx3s", placed(GPT2, ulx3s, NUMBERS)
    yield "llama for sim", placed(LLAMA, sim, NUMBERS)
    yield "llama for ulx3s", placed(LLAMA, ulx3s, NUMBERS)
    eight = replace(NUMBERS, quantization=QuantConfig(weight_bits=8), multipliers=64)
    yield "gpt2 w8a8 for sim", placed(GPT2, sim, eight)
    whole = placed(GPT2, narrow, NUMBERS)
    tight = replace(NUMBERS, on_chip_bits=whole.fused.bits * 6 // 10)
    yield "gpt2 spilled", placed(GPT2, narrow, tight)
    cache = replace(NUMBERS, quantization=replace(NUMBERS.quantization, cache_bits=4))
    yield "gpt2 with a cache of 4 bits for sim", placed(GPT2, sim, cache)
    yield "gpt2 with a cache of 4 bits for ulx3s", placed(GPT2, ulx3s, cache)


def overhead_kind(owner: str) -> str:
    """What a submodule is that the top adds: its name without the port or the die."""
    kinds = {
        "control": "Control",
        "recovery": "Recovery",
        "fault_record": "FaultRecord",
        "read_guard": "ReadGuard",
        "write_guard": "WriteGuard",
        "arbiter": "Arbiter",
        "counters": "EventCounters",
    }
    if owner.startswith("observer_"):
        return "HandshakeChoice"
    return next(kind for end, kind in kinds.items() if owner.endswith(end))


def parts(name: str, design: PlacedNetlist) -> Iterator[EstimatedPart]:
    """Everything in the top of a design, with the RAM kinds that placement chose."""
    family, placement = design.board.family, design.placement
    kinds = {i.name: type(i.part).__name__.removesuffix("Spec") for i in design.instances}
    for owner, cells in placement.cells.items():
        kind = kinds.get(owner) or overhead_kind(owner)
        yield EstimatedPart(design=name, name=owner, kind=kind, family=family.name, estimate=cells)
    for channel in design.channels:
        depth = design.queues[channel.name]
        if depth < 2:
            continue
        owner = queue_owner(channel.name)
        cells = logic_cells(queue_of(channel, depth), family)
        for store in placement.stores:
            if store.owner == owner:
                cells += store.cells
        yield EstimatedPart(
            design=name, name=owner, kind="Queue", family=family.name, estimate=cells
        )


def counted(design: PlacedNetlist, cache: Path) -> Mapping[str, Cells]:
    """Cells of everything in the top, by Yosys."""
    modules = read_modules(emit(design).verilog)
    mapped = map_modules(modules, design.board.family, cache)
    return own_cells(modules, total_cells(modules, mapped), {})


def error(estimate: int, count: int) -> float:
    """By how much a count exceeds its estimate, as a share of the larger one."""
    return (count - estimate) / max(estimate, count, SMALL)


def version() -> str:
    """What Yosys calls itself."""
    said = subprocess.run([*find_yosys(), "-V"], capture_output=True, text=True, check=True)
    return " ".join(said.stdout.split()[:2])


def measure() -> dict[str, Any]:
    """Counts of the whole grid, with their provenance."""
    cache = default_cache()
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for name, design in designs():
        own = counted(design, cache)
        rows[name] = {
            part.name: {
                "luts": own[part.name].luts,
                "ffs": own[part.name].ffs,
                "dsps": own[part.name].dsps,
                "block_ram": own[part.name].block_ram,
            }
            for part in parts(name, design)
            if part.name in own
        }
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "tool": version(), "counts": rows}


def errors(counts: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """By family and kind: the number of parts, and the errors that are largest by their size."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, design in designs():
        for part in parts(name, design):
            count = counts[name].get(part.name)
            if count is None:
                continue
            row = found.setdefault(part.family, {}).setdefault(
                part.kind, {"parts": 0, "luts": 0.0, "ffs": 0.0, "dsps": 0, "block_ram": 0}
            )
            row["parts"] += 1
            for cell in ("luts", "ffs"):
                now = error(getattr(part.estimate, cell), count[cell])
                row[cell] = max(row[cell], round(now, 3), key=abs)
            for cell in ("dsps", "block_ram"):
                more = count[cell] - getattr(part.estimate, cell)
                row[cell] = max(row[cell], more, key=abs)
    return found


def page(data: Mapping[str, Any]) -> str:
    """The table."""
    lines = [
        "# Fits of `resources()`",
        "",
        f"Counted on {data['date']} with {data['tool']}, by `scripts/fit_resources.py` and the",
        "scripts of `streamhw/synthesis/yosys.py`, before packing and placement.",
        "",
        f"The grid is the parts of {len(data['counts'])} small designs. A line has the largest",
        "errors of a kind of part: count less estimate, as a share of the larger of both and of at",
        f"least {SMALL} cells; for DSPs and RAM blocks, their number. Estimates are held to these",
        "errors by `tests/compiler/resources/test_resource_fits.py`.",
    ]
    for family, kinds in data["errors"].items():
        lines += [
            "",
            f"## {family}",
            "",
            "| part | parts in the grid | LUTs | FFs | DSPs | block RAMs |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for kind, row in sorted(kinds.items()):
            lines.append(
                f"| `{kind}` | {row['parts']} | {row['luts']:+.1%} | {row['ffs']:+.1%} | "
                f"{row['dsps']:+d} | {row['block_ram']:+d} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--estimate", action="store_true", help="keep the counts")
    data = json.loads(COUNTS.read_text()) if parser.parse_args().estimate else measure()
    data["errors"] = errors(data["counts"])
    COUNTS.write_text(json.dumps(data, indent=1) + "\n")
    PAGE.write_text(page(data))


if __name__ == "__main__":
    main()
