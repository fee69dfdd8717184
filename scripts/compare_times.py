# SPDX-License-Identifier: Apache-2.0
"""Stream by stream: when the estimate lets beats pass, and when they pass in simulation.

Usage: python scripts/compare_times.py MODEL [--board sim] [--design FILE] [--prompt 9] [--step N]

For one step of a simulated answer, each invocation (before the layers, layers, after them) is a
table of its streams in the order of the estimate: the cycles of the first and the last beat that
the sink takes, simulated and predicted, from the invocation's own begin. A line whose error is not
that of the lines above is where the estimate and the hardware part.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.image import design_image
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.design_point import read_choice
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import START_CYCLES, Estimate
from streamhw.compiler.performance.timeline import Activity, Timeline
from streamhw.compiler.pipeline import compile_model, quantize_for
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantized_model import QuantizedModel
from streamhw.runtime.driver import generate
from streamhw.sim import verilator
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import MemoryModel
from streamhw.stream.control.scope import Scope
from streamhw.stream.itensor.itensor import SymbolValues

Invocation = tuple[Scope, Mapping[str, Activity]]


@dataclass(frozen=True)
class Seen:
    """One invocation of the estimate. step: its number; place: of the invocation in the step"""

    step: int
    scope: Scope
    place: int
    symbol_values: SymbolValues
    work: Mapping[str, Activity]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model")
    parser.add_argument("--board", default="sim")
    parser.add_argument("--design", type=Path, help="an explored design")
    parser.add_argument("--quant", default="w4a8", choices=("w4a8", "w8a8"))
    parser.add_argument("--multipliers", type=int)
    parser.add_argument("--prompt", type=int, default=9, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=2, help="wanted tokens")
    parser.add_argument("--step", type=int, default=-1, help="which step to show, from 0")
    parser.add_argument("--layer", type=int, default=1, help="which layer to show, from 0")
    chosen = parser.parse_args()
    bits = QuantConfig(weight_bits=8 if chosen.quant == "w8a8" else 4)
    config = BuildConfig(quantization=bits, multipliers=chosen.multipliers)
    if chosen.design is not None:
        config = read_choice(chosen.design).config(config)
    board = load_board(chosen.board)
    quantized = quantize_for(load(chosen.model), board, config)
    design = compile_model(quantized, board, config)
    assert isinstance(design, PlacedNetlist)
    console = Console(width=130)
    compare(design, quantized, chosen.prompt, chosen.tokens, console, chosen.step, chosen.layer)


def compare(
    design: PlacedNetlist,
    quantized: QuantizedModel,
    prompt: int,
    tokens: int,
    console: Console,
    step: int = -1,
    layer: int = 1,
) -> None:
    """Prints the tables of one step, and the cycles of every step."""
    cycles, passed = simulated(design, quantized, prompt, tokens)
    seen, ends = predicted(design, prompt, tokens)
    for real, ours in zip(cycles, ends, strict=True):
        console.print(f"tokens: {real:,} simulated, {ours:,.0f} predicted ({ours / real - 1:+.1%})")
    estimate = Estimate.placed(design)
    step %= 1 + max(each.step for each in seen)
    for index, each in enumerate(seen):
        if each.step == step and (each.scope is not Scope.BODY or each.place == layer):
            timeline: Timeline = getattr(estimate, each.scope.value)
            show(design, timeline, each, seen[:index], passed, console)


def simulated(
    design: PlacedNetlist, quantized: QuantizedModel, prompt: int, tokens: int
) -> tuple[list[int], Mapping[str, NDArray[np.uint64]]]:
    """Cycles of each token, and of every stream's beats from the start."""
    emitted = emit(design)
    content = np.concatenate(list(design_image(design, quantized)))
    with tempfile.TemporaryDirectory() as folder:
        verilog = Path(folder) / "top.v"
        verilog.write_text(emitted.verilog)
        library = verilator.build([verilog], emitted.manifest, observed=True)
        behaviour = MemoryModel.of(design.board)
        with SimDevice(emitted.manifest, library, content, model=behaviour) as device:
            device.capture(set())
            device.time()
            words = list(range(1, prompt + 1))
            cycles = [token.cycles for token in generate(device, words, count=tokens)]
            return cycles, device.timed()


def predicted(design: PlacedNetlist, prompt: int, tokens: int) -> tuple[list[Seen], list[float]]:
    """Every invocation of the estimate, and the cycles of each token."""
    estimate, group = Estimate.placed(design), design.tiling.token_batch
    starts = [*range(0, prompt, group), *range(prompt, prompt + tokens - 1)]
    counts = [min(group, prompt - at) if at < prompt else 1 for at in starts]
    clock, now, before, found, ends = estimate.clock(), float(START_CYCLES), 0.0, [], []
    for step, (position, count) in enumerate(zip(starts, counts, strict=True)):
        head = position + count >= prompt
        log: list[Invocation] = []
        now = estimate.step(clock, position, count, head, now, noting(log))
        for place, (scope, work) in enumerate(log):
            layer = max(0, place - 1)
            values = estimate.values(position, count, layer)
            if scope is Scope.TAIL:
                values = {"tokens": 1}
            found.append(Seen(step, scope, layer, values, work))
        if head:
            ends.append(now - before)
            before = now
    return found, ends


def noting(log: list[Invocation]) -> Callable[[Scope, Mapping[str, Activity]], None]:
    """What the estimate tells of each invocation goes into ``log``."""
    return lambda scope, work: log.append((scope, work))


def tokens_of(seen: Seen) -> int:
    """Tokens of one invocation."""
    tokens = seen.symbol_values["tokens"]
    assert isinstance(tokens, int)
    return tokens


def show(
    design: PlacedNetlist,
    timeline: Timeline,
    seen: Seen,
    before: list[Seen],
    passed: Mapping[str, NDArray[np.uint64]],
    console: Console,
) -> None:
    """One invocation's streams, from the first beat that any of them passes."""
    rows = []
    alike = [each for each in before if each.scope is seen.scope]
    for link in timeline.links:
        if link.inside:
            continue
        beats = link.beats(seen.symbol_values)
        skipped = sum(link.beats(each.symbol_values) for each in alike)
        if link.name.endswith("_written"):
            # One for each token; the estimate looks at the last.
            beats, skipped = tokens_of(seen), sum(tokens_of(each) for each in alike)
        cycles = passed[link.name][skipped : skipped + beats].astype(np.int64)
        if len(cycles) < beats:
            continue
        source, sink = seen.work[link.source].output, seen.work[link.sink].input
        share = link.share(source, link.passing(seen.symbol_values))
        rows.append((link.name, beats, int(cycles[0]), int(cycles[-1]), share, sink))
    if not rows:
        return
    begin = min(row[2] for row in rows)
    ours = min(row[4].first for row in rows)
    table = Table(
        title=f"step {seen.step}, {seen.scope.value} {seen.place}: "
        f"from cycle {begin:,} on, predicted {ours:,.0f}"
    )
    for name in ("stream", "beats", "first", "last", "sent from", "to", "taken from", "to"):
        table.add_column(name, justify="left" if name == "stream" else "right")
    table.add_column("error", justify="right")
    for name, beats, first, last, share, sink in sorted(rows, key=lambda row: row[3]):
        times = (share.first, share.last, sink.first, sink.last)
        shown = [f"{cycle - ours:,.0f}" for cycle in times]
        error = (sink.last if beats > 1 else share.last) - ours - (last - begin)
        real = (f"{first - begin:,}", f"{last - begin:,}")
        table.add_row(name, f"{beats:,}", *real, *shown, f"{error:+,.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
