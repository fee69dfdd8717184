# SPDX-License-Identifier: Apache-2.0
"""``streamhw run``: text from a model through its generated hardware, simulated cycle by cycle."""

from dataclasses import dataclass, replace

import numpy as np
from rich.table import Table

from ..boards.base import load_board
from ..compiler.ir.design import Design, Scope
from ..compiler.performance.estimate import Estimate
from ..compiler.pipeline import compile_model
from ..frontend import load
from ..report.channels import channel_table, spread, uses_of
from ..report.facts_of_design import activities_of
from ..report.measured import Measured, StepTimes
from ..runtime.manifest import Manifest
from ..sim import verilator
from .build import BuildRequest, Built, reuse_or_build, settled
from .prompt import check_run, tokens_of
from .show import Console, GrowingText, progress
from .simulate import NEVER, Checkpoints, SimulatedAnswer, memory_model, simulate

__all__ = ["RunRequest", "SimulatedAnswer", "memory_model", "run", "simulate"]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user typed.

    prompt: text, or token numbers for a model without a tokenizer; tokens: wanted
    check: compare every token and stream with the integer reference
    stalls: share of cycles in which the memory holds back each channel at random, by ``seed``
    memory: of ``boards.base.MEMORIES``; None: the board's own model
    threads: of the simulator; None: as many as its size deserves
    """

    build: BuildRequest
    prompt: str
    tokens: int
    check: bool = False
    stalls: float = 0.0
    seed: int = 0
    memory: str | None = None
    threads: int | None = None
    checkpoints: Checkpoints = NEVER


def run(request: RunRequest, console: Console) -> SimulatedAnswer:
    """Builds or reuses the build, simulates, prints the text as it comes, then a table.

    Raises ``UserError`` for a prompt that does not fit, ``ToolError`` without a C++ compiler or a
    simulator, ``InternalError`` at the first difference under ``check``.
    """
    verilator.find_simulator()
    verilator.find_compiler()
    request = replace(request, build=settled(request.build))
    model = load(request.build.model, request.build.weights)
    prompt, decode = tokens_of(request.prompt, model)
    check_run(prompt, request.tokens, request.stalls, model.graph)
    built = reuse_or_build(request.build, console)
    manifest = Manifest.load(built.folder)
    memory = memory_model(request.build.board, request.stalls, request.seed, kind=request.memory)
    design = None
    with progress(console) as shown:
        if request.check:
            task = shown.add_task("compile the reference", total=None, detail="")
            design = _design(request.build, built)
            shown.remove_task(task)
        task = shown.add_task("compile the simulator", total=None, detail="")
        library = verilator.build(
            [built.folder / manifest.verilog],
            manifest,
            observed=request.check,
            savable=request.checkpoints.wanted,
            threads=request.threads,
            progress=lambda stage, done, total: shown.update(
                task, completed=done, total=total, detail=stage
            ),
        )
    for warning in library.warnings:
        console.print(f"[yellow]{warning}[/yellow]")
    with progress(console) as shown:
        text = GrowingText(console, shown)
        text.show(decode(prompt))
        task = shown.add_task("simulate", total=request.tokens, detail="")

        def on_token(answer: SimulatedAnswer) -> None:
            text.show(decode([*prompt, *(t.token for t in answer.tokens)]))
            rate = answer.simulated / max(answer.seconds, 1e-9)
            shown.update(
                task,
                completed=len(answer.tokens),
                detail=f"{len(answer.tokens)} tokens, {answer.simulated:,} cycles, "
                f"{rate:,.0f} cycles/s",
            )

        answer = simulate(
            manifest,
            library,
            np.fromfile(built.folder / (manifest.memory.image or ""), dtype=np.uint8),
            prompt,
            request.tokens,
            model=memory,
            end=built.model.end_of_text,
            design=design,
            on_token=on_token,
            checkpoints=request.checkpoints,
        )
        text.end()
    uses = uses_of(answer.traffic, answer.simulated, memory.peak(manifest.ports[0].data_width // 8))
    predicted = None
    if design is not None:
        length = len(prompt) + len(answer.tokens)
        predicted = Estimate(design, memory.kind).answer(len(prompt), length).total
        Measured(
            prompt=len(prompt),
            token_cycles=tuple(token.cycles for token in answer.tokens),
            predicted_cycles=predicted,
            stalls=request.stalls,
            peaks=answer.peaks,
            streams=answer.waits,
            step=_step(answer, design),
            memory=memory.kind,
            channels=uses,
        ).save(built.folder)
    console.print(_table(answer, request, built, predicted, f"{memory.kind}: {spread(uses)}"))
    if len(uses) > 1:
        console.print(channel_table(uses))
    return answer


def _step(answer: SimulatedAnswer, design: Design) -> StepTimes | None:
    """The step of the last token, if it took one token only."""
    if len(answer.tokens) < 2:
        return None
    layers = design.graph.loops[0].trips
    position = len(answer.prompt) + len(answer.tokens) - 2
    symbol_values = {"tokens": 1, "length": position + 1}
    passed = {}
    for channel in design.channels:
        cycles = answer.passed.get(channel.name, [])
        shares = layers if channel.scope is Scope.BODY else 1
        beats = channel.consumed.beats(symbol_values)
        # What goes back to the first layer passes once less.
        if channel.value is not None and len(cycles) == beats * shares:
            passed[channel.name] = tuple(
                (cycles[i * beats], cycles[(i + 1) * beats - 1]) for i in range(shares)
            )
    return StepTimes(
        position=position, activities=tuple(activities_of(design, position)), passed=passed
    )


def _design(request: BuildRequest, built: Built) -> Design:
    """The compiled design again: the reference needs its streams' types and its integers."""
    return compile_model(
        built.model, load_board(request.board), request.config, decisions=request.decided
    )


def _table(
    answer: SimulatedAnswer, request: RunRequest, built: Built, predicted: float | None, memory: str
) -> Table:
    board = load_board(request.build.board)
    table = Table(title=f"{built.model.name} on {board.title}, simulated cycle by cycle")
    table.add_column("")
    table.add_column("", justify="right")
    count = len(answer.tokens)
    per_ms = board.clock_mhz * 1e3
    rows = [
        (
            "prompt",
            f"{len(answer.prompt)} tokens, {answer.prompt_cycles:,} cycles to the first new",
        ),
        ("answer", f"{count} tokens, {answer.token_cycles:,.0f} cycles each"),
        (
            f"at {board.clock_mhz:g} MHz (assumed)",
            f"{answer.token_cycles / per_ms:.3f} ms a token",
        ),
        ("memory read", f"{answer.read_bytes:,} bytes"),
        ("memory written", f"{answer.write_bytes:,} bytes"),
        ("memory used", memory),
        ("simulated", f"{answer.simulated:,} cycles in {answer.seconds:.1f} s"),
        ("speed", f"{answer.simulated / max(answer.seconds, 1e-9):,.0f} cycles/s"),
    ]
    if predicted is not None and answer.compared is not None:
        real = sum(t.cycles for t in answer.tokens)
        rows.append(("predicted", f"{predicted:,.0f} cycles ({predicted / real - 1:+.1%})"))
        rows.append(
            (
                "checked",
                f"{count} tokens and {answer.compared.beats:,} beats of "
                f"{answer.compared.streams} streams equal the integer reference",
            )
        )
    for row in rows:
        table.add_row(*row)
    return table
