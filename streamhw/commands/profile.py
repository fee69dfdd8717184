# SPDX-License-Identifier: Apache-2.0
"""``streamhw profile``: what bounds a step of a build, and what each kernel does in its cycles."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from ..api import profile as api_profile
from ..api.prompt import check_run, read_prompt, token_numbers
from ..boards.memory.catalog import load_memory
from ..errors import UserError
from ..report.bottleneck import Bottleneck, bottleneck
from ..report.channels import channel_table
from ..report.profile import PROFILE_FILE, StepProfile
from ..report.profile_tables import kernel_table, times_table
from ..sim import verilator
from ..sim.cpp_compiler import find_compiler
from .build import BuildRequest, reuse_or_build, settled
from .finished import finished_folder
from .records.profiles import KernelRecord, ProfileRecord
from .show import Console, progress, show_file

__all__ = ["ProfileRequest", "profile"]


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """What the user typed.

    build: its model may be the folder of a build
    prompt: text, or token numbers for a build, or for a model without a tokenizer; None: a step
    full of tokens; tokens: of the answer
    memory, stalls, seed, threads: as of ``run``
    """

    build: BuildRequest
    prompt: str | None = None
    tokens: int = api_profile.LEAST_TOKENS
    memory: str | None = None
    stalls: float = 0.0
    seed: int = 0
    threads: int | None = None


def profile(request: ProfileRequest, console: Console) -> StepProfile:
    """Takes or makes the build, simulates, prints what bounds the step, then tables.

    Raises ``UserError`` for a prompt or choices that do not fit, ``ToolError`` without a C++
    compiler or a simulator.
    """
    verilator.find_simulator()
    find_compiler()
    memory = None if request.memory is None else load_memory(request.memory)
    api_profile.check_answer(request.tokens)
    folder, prompt = _build_and_prompt(request, console)
    with progress(console) as shown:
        task = shown.add_task("simulate", total=None, detail="")
        made = api_profile.profile(
            folder,
            prompt,
            request.tokens,
            memory=memory,
            stalls=request.stalls,
            seed=request.seed,
            threads=request.threads,
            progress=lambda step, done, total: shown.update(
                task, completed=done, total=total, detail=step
            ),
        )
    found = bottleneck(made)
    _record(made, found, folder / PROFILE_FILE, console)
    console.say(Text(found.says, style="bold"))
    console.say(found.lift)
    console.print(kernel_table(made))
    console.print(channel_table(made.ports))
    console.print(times_table(made))
    show_file(folder / PROFILE_FILE, console)
    return made


def _record(made: StepProfile, found: Bottleneck, file: Path, console: Console) -> None:
    for kernel in made.kernels:
        console.tell(
            KernelRecord(
                name=kernel.name,
                works=kernel.works,
                waits_for_input=kernel.input,
                waits_for_room=kernel.room,
                waits_for_memory=kernel.memory,
                idle=kernel.idle,
            )
        )
    console.tell(
        ProfileRecord(
            model=made.model,
            board=made.board,
            position=made.position,
            cycles=made.cycles,
            memory=made.memory,
            bound=found.says,
            lift=found.lift,
            ports=made.ports,
            file=str(file),
        )
    )


def _build_and_prompt(request: ProfileRequest, console: Console) -> tuple[Path, list[int] | None]:
    """The folder of the build, and the tokens of the prompt."""
    folder = finished_folder(request.build)
    if folder is None:
        wanted = settled(request.build)
        prompt = None
        if request.prompt is not None:
            model = wanted.load()
            prompt = read_prompt(request.prompt, model).tokens
            check_run(prompt, request.tokens, request.stalls, model.graph)
        return reuse_or_build(wanted, console).folder, prompt
    if request.prompt is None:
        return folder, None
    try:
        return folder, token_numbers(request.prompt)
    except ValueError:
        raise UserError(
            f"Prompt for the build {folder} must be token numbers, since its tokenizer is not "
            f"read, not {request.prompt!r}",
            hint="name the model instead of the build",
        ) from None
