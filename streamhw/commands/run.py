# SPDX-License-Identifier: Apache-2.0
"""``streamhw run``: text from a model through its generated hardware, simulated cycle by cycle."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from rich.table import Table

from ..boards.base import load_board
from ..compiler.design import Design, Scope
from ..compiler.estimate import Estimate
from ..compiler.pipeline import compile_model
from ..errors import InternalError
from ..frontend import load
from ..report.gather import activities_of
from ..report.measured import Measured, StepTimes, Waits
from ..runtime.driver import Token, generate
from ..runtime.manifest import Manifest
from ..runtime.memory import MemoryModel, Stalls
from ..runtime.simdevice import SimDevice
from ..sim import verilator
from ..sim.compare import Comparison
from .build import BuildRequest, Built, reuse_or_build, settled
from .prompt import check_run, tokens_of
from .show import Console, GrowingText, progress

__all__ = ["Answer", "RunRequest", "run", "simulate"]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user typed.

    prompt: text, or token numbers for a model without a tokenizer; tokens: wanted
    check: compare every token and stream with the integer reference
    stalls: share of cycles in which the memory holds back each channel at random, by ``seed``
    """

    build: BuildRequest
    prompt: str
    tokens: int
    check: bool = False
    stalls: float = 0.0
    seed: int = 0


@dataclass(kw_only=True)
class Answer:
    """What a simulated answer was and cost."""

    prompt: list[int]
    tokens: list[Token] = field(default_factory=list)
    read_bytes: int = 0
    write_bytes: int = 0
    seconds: float = 0.0
    simulated: int = 0
    compared: Comparison | None = None
    peaks: dict[str, int] = field(default_factory=dict)
    waits: dict[str, Waits] = field(default_factory=dict)
    passed: dict[str, list[int]] = field(default_factory=dict)

    @property
    def prompt_cycles(self) -> int:
        return self.tokens[0].cycles if self.tokens else 0

    @property
    def token_cycles(self) -> float:
        """Mean cycles of a token after the first."""
        later = self.tokens[1:]
        return sum(t.cycles for t in later) / len(later) if later else 0.0


def run(request: RunRequest, console: Console) -> Answer:
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

        def on_token(answer: Answer) -> None:
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
            model=memory_model(request.build.board, request.stalls, request.seed),
            end=built.model.end_of_text,
            design=design,
            on_token=on_token,
        )
        text.end()
    predicted = None
    if design is not None:
        length = len(prompt) + len(answer.tokens)
        predicted = Estimate(design).answer(len(prompt), length).total
        Measured(
            prompt=len(prompt),
            token_cycles=tuple(token.cycles for token in answer.tokens),
            predicted_cycles=predicted,
            stalls=request.stalls,
            peaks=answer.peaks,
            streams=answer.waits,
            step=_step(answer, design),
        ).save(built.folder)
    console.print(_table(answer, request, built, predicted))
    return answer


def simulate(
    manifest: Manifest,
    library: verilator.Build,
    image: np.ndarray,
    prompt: list[int],
    count: int,
    *,
    model: MemoryModel,
    end: int | None = None,
    design: Design | None = None,
    on_token: Callable[[Answer], None] | None = None,
) -> Answer:
    """One answer of the compiled simulation; with ``design``, compared with the reference.

    Raises ``InternalError`` that names the first difference, or the streams that wait in a hang.
    """
    answer = Answer(prompt=prompt)
    with SimDevice(manifest, library, image, model=model) as device:
        comparison = None
        if design is not None:
            comparison = answer.compared = Comparison(design, device.take)
            device.capture(set(comparison.watched))
        begin, start = time.perf_counter(), device.cycle
        feed = prompt
        expected = comparison.feed(feed) if comparison is not None else None
        begin_of_step = device.cycle
        try:
            generation = generate(device, prompt, count=count, eos=end)
            for token in generation:
                answer.tokens.append(token)
                answer.simulated = device.cycle - start
                answer.seconds = time.perf_counter() - begin
                if comparison is not None:
                    _agree(comparison, token, expected)
                    answer.passed = _passed(device, begin_of_step)
                    begin_of_step = device.cycle
                    device.time()
                    if len(answer.tokens) < count and token.token != end:
                        expected = comparison.feed([token.token])
                if on_token is not None:
                    on_token(answer)
        except InternalError as error:
            if comparison is not None and (found := comparison.compare()) is not None:
                raise InternalError(str(found)) from error
            raise
        if comparison is not None and (left := comparison.compare(complete=True)) is not None:
            raise InternalError(str(left))
        traffic = generation.traffic().values()
        answer.read_bytes = sum(t.read_bytes for t in traffic)
        answer.write_bytes = sum(t.write_bytes for t in traffic)
        if library.observed:
            answer.peaks = device.peaks()
            answer.waits = {
                name: Waits(
                    transfers=int(c.transfers), blocked=int(c.blocked), starved=int(c.starved)
                )
                for name, c in device.statistics().items()
            }
    return answer


def memory_model(board: str, stalls: float = 0.0, seed: int = 0) -> MemoryModel:
    """The memory of a board's ports, with random stalls on every channel if asked for."""
    port = load_board(board).ports[0]
    return MemoryModel(
        latency=port.latency,
        bandwidth=Fraction(port.beats_per_cycle).limit_denominator(64),
        stalls=Stalls.everywhere(stalls, seed=seed) if stalls else Stalls(),
    )


def _passed(device: SimDevice, begin: int) -> dict[str, list[int]]:
    """Cycles of the last step's beats, by stream."""
    return {
        name: (cycles.astype(np.int64) - begin).tolist()
        for name, cycles in device.timed().items()
        if len(cycles)
    }


def _step(answer: Answer, design: Design) -> StepTimes | None:
    """The step of the last token, if it took one token only."""
    if len(answer.tokens) < 2:
        return None
    layers = design.graph.loops[0].trips
    position = len(answer.prompt) + len(answer.tokens) - 2
    bindings = {"tokens": 1, "length": position + 1}
    passed = {}
    for channel in design.channels:
        cycles = answer.passed.get(channel.name, [])
        shares = layers if channel.scope is Scope.BODY else 1
        beats = channel.consumed.tokens(bindings)
        # What goes back to the first layer passes once less.
        if channel.value is not None and len(cycles) == beats * shares:
            passed[channel.name] = tuple(
                (cycles[i * beats], cycles[(i + 1) * beats - 1]) for i in range(shares)
            )
    return StepTimes(
        position=position, activities=tuple(activities_of(design, position)), passed=passed
    )


def _agree(comparison: Comparison, token: Token, expected: int | None) -> None:
    found = comparison.compare()
    if found is not None:
        raise InternalError(str(found))
    if token.token != expected:
        raise InternalError(
            f"Token at position {token.position} must be {expected} as in the integer reference, "
            f"not {token.token}"
        )


def _design(request: BuildRequest, built: Built) -> Design:
    """The compiled design again: the reference needs its streams' types and its integers."""
    return compile_model(
        built.model, load_board(request.board), request.config, decisions=request.decided
    )


def _table(answer: Answer, request: RunRequest, built: Built, predicted: float | None) -> Table:
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
