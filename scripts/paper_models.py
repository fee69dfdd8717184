# SPDX-License-Identifier: Apache-2.0
"""Table of the four models of StreamTensor's evaluation (MICRO'25): graph to Verilog for a board.

Usage: python scripts/paper_models.py [--board u55c] [--json FILE] [MODEL ...]

Each model is compiled in a process of its own, with seeded random weights, to the Verilog text of
the whole accelerator; no memory image is written. CPU seconds do not depend on what else the
machine does.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

MODELS = ("gpt2-medium", "qwen2.5-0.5b", "tinyllama-1.1b", "gemma3-1b")
"""GPT-2 Medium 24/1024/4096/16, Qwen 24/896/4864/14/2, Llama 22/2048/5632/32/4, Gemma
26/1152/6912/4/1: layers, features, hidden features, heads, key/value heads."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all four")
    parser.add_argument("--board", default="u55c")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here, too")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.models[0], chosen.board)))
        return 0
    rows = []
    for model in chosen.models or MODELS:
        command = [sys.executable, __file__, "--one", "--board", chosen.board, model]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            print(answer.stderr, file=sys.stderr)
            return answer.returncode
        rows.append(json.loads(answer.stdout.splitlines()[-1]))
    show(rows, chosen.board)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def measure(name: str, board: str) -> dict[str, object]:
    """The numbers of one model, in this process."""
    begin = time.perf_counter()
    from streamhw.boards.base import load_board
    from streamhw.compiler.backend.emit import emit
    from streamhw.compiler.fusion.on_chip_memory import intermediate_memory
    from streamhw.compiler.ir.levels import PlacedNetlist
    from streamhw.compiler.pipeline import compile_model
    from streamhw.frontend import load
    from streamhw.stream.converter.spec import ConverterSpec

    stages: dict[str, float] = {}
    model = load(name)
    design = compile_model(
        model, load_board(board), on_stage=lambda stage, took: stages.update({stage: took})
    )
    assert isinstance(design, PlacedNetlist)
    mark = time.perf_counter()
    emitted = emit(design)
    stages["emit"] = time.perf_counter() - mark
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = design.placement.total
    memory = intermediate_memory(design)
    converters = [i.part for i in design.instances if isinstance(i.part, ConverterSpec)]
    return {
        "model": name,
        "layers": model.config.layers,
        "parameters": sum(_size(p.shape) for p in model.graph.parameters()),
        "stages": {stage: round(took, 3) for stage, took in stages.items()},
        "seconds": round(time.perf_counter() - begin, 1),
        "cpu_seconds": round(sum(u.ru_utime + u.ru_stime for u in used), 1),
        "peak_bytes": max(u.ru_maxrss for u in used) * 1024,
        "verilog_bytes": len(emitted.verilog),
        "parts": len(design.instances),
        "streams": len(design.channels),
        "luts": total.luts,
        "dsps": total.dsps,
        "on_chip_bits": total.memory_bits,
        "image_bytes": design.memory.stored,
        "sequence": memory.tokens,
        "intermediate_bits": memory.original,
        "fused_bits": memory.fused + memory.stored,
        "converter_bits": sum(part.bits for part in converters),
        "ping_pong_bits": sum(part.ping_pong_bits for part in converters),
        "peak_live_bits": sum(part.bound_bits for part in converters),
    }


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def show(rows: list[dict[str, object]], board: str) -> None:
    """The table."""
    table = Table(title=f"graph to Verilog for {board}", title_justify="left")
    for column in ("model", "parameters", "quantize s", "size s", "emit s", "graph to Verilog s"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for column in ("CPU s", "peak MiB", "emitted", "parts", "streams"):
        table.add_column(column, justify="right")
    memory = Table(title="memory between kernels", title_justify="left")
    for column in ("model", "tokens", "whole tensors, Mbit", "fused, Mbit", "share"):
        memory.add_column(column, justify="left" if column == "model" else "right")
    for column in ("converters, Kbit", "of ping-pong", "of peak live"):
        memory.add_column(column, justify="right")
    for row in rows:
        stages = row["stages"]
        assert isinstance(stages, dict)
        table.add_row(
            str(row["model"]),
            f"{row['parameters']:,}",
            *(f"{stages[stage]:.1f}" for stage in ("quantize", "size", "emit")),
            f"{row['seconds']}",
            f"{row['cpu_seconds']}",
            f"{int(str(row['peak_bytes'])) / 2**20:,.0f}",
            f"{int(str(row['verilog_bytes'])) / 1e6:.1f} MB Verilog",
            str(row["parts"]),
            str(row["streams"]),
        )
        bits = {key: int(str(row[key])) for key in row if key.endswith("_bits")}
        memory.add_row(
            str(row["model"]),
            f"{row['sequence']}",
            f"{bits['intermediate_bits'] / 1e6:,.1f}",
            f"{bits['fused_bits'] / 1e6:,.2f}",
            f"{bits['fused_bits'] / bits['intermediate_bits']:.1%}",
            f"{bits['converter_bits'] / 1e3:,.0f}",
            f"{bits['converter_bits'] / bits['ping_pong_bits']:.2f}",
            f"{bits['converter_bits'] / bits['peak_live_bits']:.2f}",
        )
    Console(width=150).print(table)
    Console(width=150).print(memory)


if __name__ == "__main__":
    sys.exit(main())
