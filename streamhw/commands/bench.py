# SPDX-License-Identifier: Apache-2.0
"""``streamhw bench``: a design, simulated or predicted, its roofline and published figures."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from rich.progress import Progress, TaskID

from ..api.answer import NEVER, Answer, Checkpoints, simulated
from ..api.build import Build
from ..api.prompt import check_lengths
from ..boards.memory.catalog import load_memory
from ..boards.memory.system import MemorySystem
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.performance.estimate import Estimate
from ..errors import InternalError, UserError
from ..frontend import Model
from ..report.bench import BENCH_FILE, Bench, BenchPoint, Context
from ..report.bench_tables import bench_view
from ..report.idle_cycles import layer_cycles
from ..report.predicted_bench import empty_bench, predicted_point
from ..sim import verilator
from ..sim.cpp_compiler import find_compiler
from ..sim.memory_model import MemoryModel
from ..whole_file import write_whole
from .build import BuildRequest, reuse_or_build, settled
from .fast import prepared
from .records.benches import BenchRecord, ContextRecord, PointRecord
from .show import Console, progress

__all__ = ["BenchRequest", "bench"]


@dataclass(frozen=True, kw_only=True)
class BenchRequest:
    """What the user typed.

    prompts, answers: lengths, point by point; one of either goes with all of the other
    contexts: positions at which the cost of a token is predicted
    simulate: whether the points are simulated, too
    memory: a name of ``list memories``; None: the board's own
    threads: of the simulator; None: as many as its size deserves
    checkpoints: of the simulation, if there is only one
    """

    build: BuildRequest
    prompts: tuple[int, ...]
    answers: tuple[int, ...]
    contexts: tuple[int, ...] = ()
    simulate: bool = False
    memory: str | None = None
    threads: int | None = None
    checkpoints: Checkpoints = NEVER

    def points(self) -> list[tuple[int, int]]:
        """Lengths of prompt and answer; raises ``UserError`` if they do not pair."""
        most = max(len(self.prompts), len(self.answers))
        lists = [n * most if len(n) == 1 else n for n in (self.prompts, self.answers)]
        if len(lists[0]) != len(lists[1]):
            raise UserError(
                f"Lengths of prompts and answers must pair, not {len(self.prompts)} with "
                f"{len(self.answers)}"
            )
        return list(zip(*lists, strict=True))


def bench(request: BenchRequest, console: Console) -> Bench:
    """Builds or reuses the build, predicts and, if asked, simulates all points; prints tables and
    writes ``bench.json`` into the build folder, where `report` finds it.

    Raises ``UserError`` for lengths that do not fit, ``ToolError`` without a simulator,
    ``InternalError`` at the first token that is not the integer reference's.
    """
    request = replace(request, build=settled(request.build))
    pairs = request.points()
    if request.checkpoints != NEVER and (len(pairs) > 1 or not request.simulate):
        raise UserError("Checkpoints must be of one simulated answer, and there is not one")
    model = request.build.load()
    for prompt, answer in pairs:
        check_lengths(prompt, answer, model.graph)
    for length in request.contexts:
        if not 1 <= length <= model.graph.context - 2:
            raise UserError(
                f"Positions of --at must be 1 to {model.graph.context - 2}, not {length}"
            )
    if request.simulate:
        verilator.find_simulator()
        find_compiler()
    system = None if request.memory is None else load_memory(request.memory)
    built = reuse_or_build(request.build, console)
    design = built.netlist
    estimate = Estimate.placed(design, system)
    points = [predicted_point(estimate, prompt, answer) for prompt, answer in pairs]
    contexts = [
        Context(
            length=n,
            cycles=estimate.answer(n, n + 2).tokens[0],
            layer=layer_cycles(estimate, n),
        )
        for n in request.contexts
    ]
    result = _known(built, design).merged(points, contexts)
    _save(result, built)
    if request.simulate:
        for point in _simulated(points, request, built, design, system, console):
            result = result.merged([point], ())
            _save(result, built)
    for point in result.points:
        console.tell(PointRecord.of(point, result))
    for context in result.contexts:
        console.tell(ContextRecord.of(context, result))
    console.tell(BenchRecord.of(result, built.folder / BENCH_FILE))
    console.print(bench_view(result))
    console.print(f"Written to {built.folder / BENCH_FILE}", soft_wrap=True)
    return result


def _known(built: Build, design: PlacedNetlist) -> Bench:
    """What an earlier bench of the same build holds, or a new one."""
    empty = empty_bench(design, built.manifest.source, built.model.origin.value)
    before = Bench.load(built.folder)
    return before if before is not None and before.key == empty.key else empty


def _save(result: Bench, built: Build) -> None:
    write_whole(built.folder / BENCH_FILE, result.to_json())


def _simulated(
    points: list[BenchPoint],
    request: BenchRequest,
    built: Build,
    design: PlacedNetlist,
    system: MemorySystem | None,
    console: Console,
) -> Iterator[BenchPoint]:
    golden = prepared(built.quantized, console)
    memory = MemoryModel.of(built.board, system)
    manifest, image = built.manifest, built.image
    with progress(console) as shown:
        task = shown.add_task("compile the simulator", total=None, detail="")
        library = verilator.build(
            [built.verilog],
            manifest,
            savable=request.checkpoints.wanted,
            threads=request.threads,
            progress=lambda stage, done, total: shown.update(
                task, completed=done, total=total, detail=stage
            ),
        )
        shown.remove_task(task)
        for point in points:
            prompt = prompt_of(built.model, point.prompt)
            expected = golden.generate(prompt, point.answer)
            task = shown.add_task("simulate", total=point.answer, detail="")

            found: list[int] = []

            def on_token(
                answer: Answer,
                task: TaskID = task,
                expected: Iterator[int] = expected,
                found: list[int] = found,
                shown: Progress = shown,
            ) -> None:
                # A run that goes on from a checkpoint brings all earlier tokens with its first.
                for token in answer.tokens[len(found) :]:
                    found.append(next(expected))
                    if token.token != found[-1]:
                        raise InternalError(
                            f"Token at position {token.position} must be {found[-1]} as in the "
                            f"integer reference, not {token.token}"
                        )
                rate = answer.simulated / max(answer.seconds, 1e-9)
                detail = f"{answer.simulated:,} cycles, {rate:,.0f} a second"
                shown.update(task, completed=len(answer.tokens), detail=detail)

            answer = simulated(
                manifest,
                library,
                image,
                prompt,
                point.answer,
                model=memory,
                on_token=on_token,
                checkpoints=request.checkpoints,
            )
            shown.remove_task(task)
            yield replace(
                point,
                simulated=tuple(token.cycles for token in answer.tokens),
                compared=len(found),
                seconds=answer.seconds,
                memory=memory.kind,
                moved=float(answer.read_bytes + answer.write_bytes),
            )


def prompt_of(model: Model, count: int) -> list[int]:
    """The first tokens of the held-out text, or seeded random ones where there is none."""
    if model.tokenizer is not None and model.heldout is not None:
        tokens = model.tokenizer.encode(model.heldout[: 64 * count])
        if len(tokens) >= count:
            return tokens[:count]
    drawn = np.random.default_rng(0).integers(model.graph.vocabulary, size=count)
    return [int(token) for token in drawn]
