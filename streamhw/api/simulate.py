# SPDX-License-Identifier: Apache-2.0
"""``streamhw.simulate``: text or tokens through the generated hardware, cycle by cycle."""

from collections.abc import Callable, Sequence

from ..boards.memory.catalog import load_memory
from ..boards.memory.system import MemorySystem
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.performance.estimate import Estimate
from ..report.channels import uses_of
from ..report.measured import Measured, StepTimes
from ..report.step_beats import invocation_spans
from ..sim import verilator
from ..sim.answer_steps import AnswerSteps
from ..sim.hang import HangError
from ..sim.memory_model import MemoryModel
from ..sim.stream_compare import StreamReference
from .answer import NEVER, Answer, Checkpoints, simulated
from .build import Build
from .hang import explain
from .prompt import Prompt, check_run, read_prompt
from .waves import Waves

__all__ = ["simulate"]


def simulate(
    build: Build,
    prompt: str | Sequence[int] | Prompt,
    tokens: int = 32,
    *,
    check: bool = False,
    stalls: float = 0.0,
    seed: int = 0,
    memory: MemorySystem | str | None = None,
    threads: int | None = None,
    checkpoints: Checkpoints = NEVER,
    waves: Waves | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    on_token: Callable[[Answer], None] | None = None,
) -> Answer:
    """Compiles the Verilog of a build into a simulator and lets it answer a prompt.

    build: what ``build`` returned
    prompt: text, or tokens; text of token numbers for a model without a tokenizer; or what
        `read_prompt` made of one of them
    tokens: to generate at most; the model may end its text earlier
    check: compare every token and every stream with the integer reference; the build also keeps
        what was measured, for its report
    stalls: share of cycles in which the memory holds back each channel at random, by ``seed``
    memory: a memory system or the name of one; None: the board's own
    threads: of the simulator; None: as many as its size deserves
    waves: a file of what streams do, for viewers
    progress: told of each step, how much of it is done, and of how much
    on_token: called with the answer so far after each token

    Raises   ``UserError`` for a prompt that does not fit, ``ToolError`` without a C++ compiler or a
             simulator, ``InternalError`` at the first difference under ``check`` or if the design
             hangs, then ``UserError`` if a depth was reduced by hand, ``DeviceError`` at a fault of
             memory
    """
    asked = prompt if isinstance(prompt, Prompt) else read_prompt(prompt, build.model)
    numbers = asked.tokens
    check_run(numbers, tokens, stalls, build.model.graph)
    manifest = build.manifest
    system = load_memory(memory) if isinstance(memory, str) else memory or build.board.memory
    planned = None
    if waves is not None:
        if progress is not None:
            progress("compute the scales of values", 0, 1)
        planned = waves.planned(build.netlist, build.quantized, len(numbers), tokens)
    behavior = MemoryModel.of(build.board, system, stalls=stalls, seed=seed)
    reference = None
    if check:
        if progress is not None:
            progress("compute the reference's parameters", 0, 1)
        known = build.model.tokenizer
        reference = StreamReference(
            netlist=build.netlist,
            quantized=build.quantized,
            spell=None if known is None else lambda token: known.decode([token]),
        )
    library = verilator.build(
        [build.verilog],
        manifest,
        observed=check or waves is not None,
        savable=checkpoints.wanted,
        threads=threads,
        progress=progress,
    )

    stream = asked.stream()
    heard = 0

    def told(answer: Answer) -> None:
        nonlocal heard
        # A run that goes on from a checkpoint brings all earlier tokens with its first.
        answer.said += "".join(stream.feed(token.token) for token in answer.tokens[heard:])
        heard = len(answer.tokens)
        answer.text = asked.text + answer.said
        if on_token is not None:
            on_token(answer)

    try:
        answer = simulated(
            manifest,
            library,
            build.image,
            numbers,
            tokens,
            model=behavior,
            ends=build.model.end_tokens,
            reference=reference,
            on_token=told,
            checkpoints=checkpoints,
            waves=planned,
        )
    except HangError as hang:
        explain(build.netlist, hang, AnswerSteps(build.netlist, len(numbers), tokens))
    answer.said += stream.end()
    answer.text = asked.text + answer.said
    answer.warnings = tuple(library.warnings)
    answer.channels = uses_of(
        answer.traffic, answer.simulated, behavior.peak(manifest.ports[0].data_width // 8)
    )
    if reference is not None:
        length = len(numbers) + len(answer.tokens)
        estimate = Estimate.placed(reference.netlist, system)
        answer.predicted = estimate.answer(len(numbers), length).total
        measured = _measured(answer, answer.predicted, stalls, reference.netlist, manifest.source)
        measured.save(build.folder)
    return answer


def _measured(
    answer: Answer, predicted: float, stalls: float, design: PlacedNetlist, source: str
) -> Measured:
    return Measured(
        prompt=len(answer.prompt),
        token_cycles=tuple(token.cycles for token in answer.tokens),
        predicted_cycles=predicted,
        stalls=stalls,
        peaks=answer.peaks,
        streams=answer.waits,
        step=_step(answer, design),
        memory=answer.memory,
        channels=answer.channels,
        source=source,
    )


def _step(answer: Answer, design: PlacedNetlist) -> StepTimes | None:
    """The step of the last token, if it took one token only."""
    if len(answer.tokens) < 2:
        return None
    position = len(answer.prompt) + len(answer.tokens) - 2
    return StepTimes(position=position, passed=invocation_spans(design, position, answer.passed))
