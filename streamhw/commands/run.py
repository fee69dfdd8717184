# SPDX-License-Identifier: Apache-2.0
"""``streamhw run``: text from a model through its generated hardware, simulated cycle by cycle."""

from dataclasses import dataclass

from ..api import simulate as api_simulate
from ..api.answer import NEVER, Answer, Checkpoints
from ..api.build import Build
from ..api.prompt import check_run, read_prompt
from ..api.waves import Waves
from ..boards.memory.catalog import load_memory
from ..report.channels import channel_table, spread
from ..report.fitted_table import FittedTable, TableColumn
from ..sim import verilator
from ..sim.cpp_compiler import find_compiler
from ..waves.stream_waves import WAVE_FILES
from .answer_text import AnswerText
from .build import BuildRequest, reuse_or_build, settled
from .finished import finished_build
from .records.answers import RunRecord, TokenRecord
from .show import Console, progress, show_file, warn

__all__ = ["RunRequest", "run"]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user typed.

    build: its model may be the folder of a build
    prompt: text, or token numbers for a model without a tokenizer; tokens: wanted
    chat: whether the prompt is the first message of a conversation
    check: compare every token and stream with the integer reference
    stalls: share of cycles in which the memory holds back each channel at random, by ``seed``
    memory: a name of ``list memories``; None: the board's own
    threads: of the simulator; None: as many as its size deserves
    waves: a file of what streams do, for viewers
    """

    build: BuildRequest
    prompt: str
    tokens: int
    chat: bool = False
    check: bool = False
    stalls: float = 0.0
    seed: int = 0
    memory: str | None = None
    threads: int | None = None
    checkpoints: Checkpoints = NEVER
    waves: Waves | None = None


def run(request: RunRequest, console: Console) -> Answer:
    """Takes, makes or reuses the build, simulates, prints the text as it comes, then a table.

    Raises ``UserError`` for a prompt that does not fit, ``ToolError`` without a C++ compiler or a
    simulator, ``InternalError`` at the first difference under ``check``.
    """
    verilator.find_simulator()
    find_compiler()
    memory = None if request.memory is None else load_memory(request.memory)
    built = finished_build(request.build, console)
    wanted = settled(request.build) if built is None else request.build
    model = wanted.load() if built is None else built.model
    prompt = read_prompt(request.prompt, model, chat=request.chat)
    check_run(prompt.tokens, request.tokens, request.stalls, model.graph)
    if built is None:
        built = reuse_or_build(wanted, console)
    with progress(console) as shown:
        text = AnswerText(console, shown)
        task = shown.add_task("compile the simulator", total=None, detail="")

        printed = told = 0

        def on_step(step: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, detail=step)

        def on_token(answer: Answer) -> None:
            nonlocal printed, told
            text.add(answer.said[printed:])
            # A run that goes on from a checkpoint brings all earlier tokens with its first.
            for token in answer.tokens[told:]:
                told += 1
                said = answer.said[printed:] if told == len(answer.tokens) else ""
                console.tell(
                    TokenRecord(number=told - 1, token=token.token, text=said, cycles=token.cycles)
                )
            printed = len(answer.said)
            rate = answer.simulated / max(answer.seconds, 1e-9)
            shown.update(
                task,
                description="simulate",
                completed=len(answer.tokens),
                total=request.tokens,
                detail=f"{len(answer.tokens)} tokens, {answer.simulated:,} cycles, "
                f"{rate:,.0f} cycles/s",
            )

        text.prompt(prompt.text)
        answer = api_simulate.simulate(
            built,
            prompt,
            request.tokens,
            check=request.check,
            stalls=request.stalls,
            seed=request.seed,
            memory=memory,
            threads=request.threads,
            checkpoints=request.checkpoints,
            waves=request.waves,
            progress=on_step,
            on_token=on_token,
        )
        text.add(answer.said[printed:])
        text.end()
    for warning in answer.warnings:
        warn(console, warning)
    console.tell(_record(answer, built))
    console.print(_table(answer, built))
    if len(answer.channels) > 1:
        console.print(channel_table(answer.channels))
    if request.waves is not None:
        for ending in WAVE_FILES:
            show_file(request.waves.file.with_suffix(ending), console)
    return answer


def _record(answer: Answer, built: Build) -> RunRecord:
    return RunRecord(
        how="simulated",
        model=built.model.name,
        board=built.board.name,
        clock_mhz=built.board.clock_mhz,
        prompt_tokens=len(answer.prompt),
        answer_tokens=len(answer.tokens),
        text=answer.said,
        prompt_cycles=float(answer.prompt_cycles),
        token_cycles=answer.token_cycles,
        seconds=answer.seconds,
        simulated_cycles=answer.simulated,
        read_bytes=answer.read_bytes,
        write_bytes=answer.write_bytes,
        memory=answer.memory,
        channels=answer.channels,
        predicted_cycles=answer.predicted,
        checked_beats=None if answer.compared is None else answer.compared.beats,
    )


def _table(answer: Answer, built: Build) -> FittedTable:
    board = built.board
    table = FittedTable(
        [TableColumn("", running=True), TableColumn("", number=True, running=True)],
        title=f"{built.model.name} on {board.title}, simulated cycle by cycle",
    )
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
        ("memory used", f"{answer.memory}: {spread(answer.channels)}"),
        ("simulated", f"{answer.simulated:,} cycles in {answer.seconds:.1f} s"),
        ("speed", f"{answer.simulated / max(answer.seconds, 1e-9):,.0f} cycles/s"),
    ]
    if answer.predicted is not None and answer.compared is not None:
        real, predicted = sum(t.cycles for t in answer.tokens), answer.predicted
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
