# SPDX-License-Identifier: Apache-2.0
"""``streamhw.profile``: what every kernel of a build does in each cycle of a simulated step."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..boards.memory.catalog import load_memory
from ..boards.memory.system import MemorySystem
from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.backend.emit import IMAGE_FILE
from ..compiler.ir.levels import PlacedNetlist
from ..errors import UserError
from ..report.channels import uses_of
from ..report.facts_of_design import activities_of
from ..report.kernel_cycles import kernel_cycles
from ..report.observed_step import ObservedStep, watched_kernels
from ..report.profile import StepProfile, TaskTimes
from ..report.step_beats import invocation_spans
from ..sim import verilator
from ..sim.memory_model import MemoryModel
from .answer import simulated
from .prompt import check_run

__all__ = ["LEAST_TOKENS", "check_answer", "profile"]

LEAST_TOKENS = 2
"""The step after the first token takes one token: it is the one that is shown."""


def profile(
    folder: Path,
    prompt: Sequence[int] | None = None,
    tokens: int = LEAST_TOKENS,
    *,
    memory: MemorySystem | str | None = None,
    stalls: float = 0.0,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> StepProfile:
    """Simulates an answer of a build, looks at the step of its last token, and keeps what it saw
    in the build's folder.

    prompt: tokens; None: a step full of the first ones of the vocabulary, since cycles depend on
        how many there are, not on which; tokens: of the answer, which no end token ends
    memory: a memory system or the name of one; None: the board's own
    stalls: share of cycles in which the memory holds back each channel at random, by ``seed``
    threads, progress: as of ``simulate``

    Raises   ``UserError`` if the folder is no build, or the prompt does not fit, ``ToolError``
             without a C++ compiler or a simulator
    """
    manifest, design = read_build(folder)
    check_answer(tokens)
    if prompt is None:
        count = max(1, min(design.tiling.token_batch, design.graph.context - tokens))
        prompt = [token % design.graph.vocabulary for token in range(count)]
    numbers = list(prompt)
    check_run(numbers, tokens, stalls, design.graph)
    system = load_memory(memory) if isinstance(memory, str) else memory or design.board.memory
    behavior = MemoryModel.of(design.board, system, stalls=stalls, seed=seed)
    read_file(folder, manifest, manifest.verilog)
    library = verilator.build(
        [folder / manifest.verilog], manifest, observed=True, threads=threads, progress=progress
    )
    image = np.frombuffer(read_file(folder, manifest, IMAGE_FILE), dtype=np.uint8)
    answer = simulated(
        manifest,
        library,
        image,
        numbers,
        tokens,
        model=behavior,
        watched=watched_kernels(design),
    )
    step, position = answer.step, len(numbers) + tokens - 2
    assert step is not None
    peak = behavior.peak(manifest.ports[0].data_width // 8)
    made = StepProfile(
        model=design.graph.name,
        board=design.board.name,
        position=position,
        cycles=step.cycles,
        memory=answer.memory,
        kernels=kernel_cycles(design, position, step),
        ports=uses_of(step.traffic, step.cycles, peak),
        times=tuple(_times(design, position, step, system)),
        prefetch=design.depths.ahead,
        source=manifest.source,
    )
    made.save(folder)
    return made


def check_answer(tokens: int) -> None:
    """Raises ``UserError`` if an answer of so many tokens has no step of a single token."""
    if tokens < LEAST_TOKENS:
        raise UserError(
            f"Answer to profile must have at least {LEAST_TOKENS} tokens, not {tokens}",
            hint="its last step is shown, which must be one of a single token",
        )


def _times(
    design: PlacedNetlist, position: int, step: ObservedStep, system: MemorySystem
) -> Iterator[TaskTimes]:
    """Of every task in every invocation, in the order in which they are predicted to begin."""
    given = invocation_spans(design, position, step.given)
    spans: dict[str, list[tuple[tuple[int, int], ...]]] = {}
    for channel in design.channels:
        if channel.name in given:
            source = design.instance(channel.source.instance).port(channel.source.port)
            task = source.context or channel.source.instance
            spans.setdefault(task, []).append(given[channel.name])
    for activity in activities_of(design, position, system):
        number = activity.layer or 0
        found = [some[number] for some in spans.get(activity.task, ()) if number < len(some)]
        yield TaskTimes(
            invocation=activity.invocation,
            task=activity.task,
            kernel=activity.resource,
            predicted=activity.output,
            measured=(min(a for a, _ in found), max(b for _, b in found)) if found else None,
        )
