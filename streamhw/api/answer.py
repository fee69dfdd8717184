# SPDX-License-Identifier: Apache-2.0
"""One answer of a compiled simulation: tokens, cycles, traffic, and what lets it go on later."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InternalError, UserError
from ..report.measured import ChannelUse, StreamWaits
from ..report.observed_step import ObservedStep
from ..runtime.device import Traffic
from ..runtime.driver import Generation, Progressed, Token, generate
from ..runtime.manifest import Manifest
from ..sim import verilator
from ..sim.checkpoint import Checkpoint
from ..sim.device import SimDevice, WatchedPort
from ..sim.memory_model import MemoryModel
from ..sim.stream_compare import Comparison, StreamReference
from .waves import PlannedWaves

__all__ = ["NEVER", "Answer", "Checkpoints", "simulated"]


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """Where a run keeps its state, every so many cycles, and which state it goes on from."""

    file: Path | None = None
    every: int = 1_000_000
    resume: Path | None = None

    @property
    def wanted(self) -> bool:
        """Whether the simulation must be one that can save its state."""
        return self.file is not None or self.resume is not None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UserError(f"Cycles between checkpoints must be at least 1, not {self.every}")
        if self.file is not None:
            Checkpoint.check(self.file)


NEVER = Checkpoints()


@dataclass(kw_only=True)
class Answer:
    """What a simulated answer was and cost.

    prompt: its tokens; tokens: the new ones, each with its cycles
    traffic: bytes by memory port; simulated: cycles; seconds: of the simulation
    compared: with the integer reference, if it was; peaks: beats that queues held at most;
    waits: transfers of each stream, and cycles in which it waited; passed: cycles of the last
    step's beats, by stream
    memory: the kind of memory at the ports; channels: how well each port used it
    said: text of the new tokens; token numbers for a model without a tokenizer
    text: of prompt and answer
    predicted: cycles that the performance model says, if it was compared
    step: the last one, if kernels were watched
    warnings: about the machine that simulated
    """

    prompt: list[int]
    tokens: list[Token] = field(default_factory=list)
    traffic: dict[str, Traffic] = field(default_factory=dict)
    seconds: float = 0.0
    simulated: int = 0
    compared: Comparison | None = None
    peaks: dict[str, int] = field(default_factory=dict)
    waits: dict[str, StreamWaits] = field(default_factory=dict)
    passed: dict[str, list[int]] = field(default_factory=dict)
    memory: str = ""
    said: str = ""
    text: str = ""
    predicted: float | None = None
    channels: dict[str, ChannelUse] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    step: ObservedStep | None = None

    @property
    def prompt_cycles(self) -> int:
        return self.tokens[0].cycles if self.tokens else 0

    @property
    def token_cycles(self) -> float:
        """Mean cycles of a token after the first."""
        later = self.tokens[1:]
        return sum(t.cycles for t in later) / len(later) if later else 0.0

    @property
    def read_bytes(self) -> int:
        return sum(t.read_bytes for t in self.traffic.values())

    @property
    def write_bytes(self) -> int:
        return sum(t.write_bytes for t in self.traffic.values())


def simulated(
    manifest: Manifest,
    library: verilator.BuiltSimulator,
    image: np.ndarray,
    prompt: list[int],
    count: int,
    *,
    model: MemoryModel,
    ends: Sequence[int] = (),
    reference: StreamReference | None = None,
    on_token: Callable[[Answer], None] | None = None,
    checkpoints: Checkpoints = NEVER,
    watched: Mapping[str, Sequence[WatchedPort]] | None = None,
    waves: PlannedWaves | None = None,
) -> Answer:
    """One answer of the compiled simulation; compared with ``reference`` if there is one.

    watched: kernels whose last step is observed; waves: a file of what streams do; for either, the
        library must be an observed one

    Raises ``InternalError`` that names the first difference, or the streams that wait in a hang,
    ``UserError`` for a checkpoint that is damaged or belongs to something else, and for waves that
    never began.
    """
    identity, resumed = {}, None
    if checkpoints.wanted:
        identity = {
            "simulation": library.library.parent.name,
            "memory image": hashlib.sha256(image.data).hexdigest(),
            "model of the memory": repr(model),
            "prompt and number of tokens": repr((prompt, count, tuple(ends))),
            "choice of --check": repr(reference is not None),
        }
    if checkpoints.resume is not None:
        resumed = Checkpoint.load(checkpoints.resume, identity)
    with SimDevice(manifest, library, image, model=model) as device:
        session = _Session(device, prompt, count, ends, reference, model.kind, watched, waves)
        session.start(resumed)
        if (file := checkpoints.file) is not None:
            device.pause(checkpoints.every, lambda: session.save(file, identity))
        try:
            session.finish(on_token)
        except InternalError as error:
            session.explain(error)
            raise
        device.check_recorded()
        answer = session.answer
        if library.observed:
            answer.peaks = device.peaks()
            answer.waits = {
                name: StreamWaits(
                    transfers=int(c.transfers), blocked=int(c.blocked), starved=int(c.starved)
                )
                for name, c in device.statistics().items()
            }
    return answer


class _Session:
    """An answer under way: the device, the host's part, and the comparison with the reference."""

    def __init__(
        self,
        device: SimDevice,
        prompt: Sequence[int],
        count: int,
        ends: Sequence[int],
        reference: StreamReference | None,
        memory: str,
        watched: Mapping[str, Sequence[WatchedPort]] | None,
        waves: PlannedWaves | None,
    ):
        self.answer = Answer(prompt=list(prompt), memory=memory)
        self._device, self._count, self._ends = device, count, tuple(ends)
        self._comparison: Comparison | None = None
        if reference is not None:
            self._comparison = self.answer.compared = Comparison(reference, device.take)
            device.capture(set(self._comparison.watched))
        self._watched = watched is not None
        if watched is not None:
            device.watch(watched)
            self._traffic = device.traffic()
        self._waves = waves
        if reference is None and (watched is not None or waves is not None):
            device.capture(set())
        self._expected: int | None = None
        self._begin = self._step = device.cycle
        self._clock = time.perf_counter()

    def start(self, resumed: Checkpoint | None) -> None:
        """Starts the answer, or goes on with it."""
        tokens: list[Token] = []
        since = None
        self._feed(self.answer.prompt)
        if resumed is not None:
            facts = resumed.facts
            tokens = [Token(**token) for token in facts["tokens"]]
            before = {name: Traffic(**traffic) for name, traffic in facts["before"].items()}
            since = Progressed(tokens=tuple(tokens), before=before)
            self._device.load(resumed.arrays)
            self._begin, self._step = facts["begin"], facts["step"]
            self._clock -= facts["seconds"]
            for token in tokens:
                self._feed([token.token])
            if self._comparison is not None:
                self._comparison.load(resumed.arrays)
        self.answer.tokens += tokens
        self._record()
        self._generation: Generation = generate(
            self._device, self.answer.prompt, count=self._count, ends=self._ends, since=since
        )

    def finish(self, on_token: Callable[[Answer], None] | None) -> None:
        """Runs to the end of the answer."""
        answer, device = self.answer, self._device
        for token in self._generation:
            answer.tokens.append(token)
            answer.simulated = device.cycle - self._begin
            answer.seconds = time.perf_counter() - self._clock
            if self._comparison is not None:
                self._agree(token)
                answer.passed = self._since_step(device.timed())
                if len(answer.tokens) < self._count and token.token not in self._ends[:1]:
                    self._feed([token.token])
            if self._watched:
                answer.step = self._observed()
            if self._watched or self._comparison is not None:
                self._step = device.cycle
                device.time()
            self._record()
            if on_token is not None:
                on_token(answer)
        self._compare(complete=True)
        answer.traffic = dict(self._generation.traffic())

    def save(self, file: Path, identity: dict[str, str]) -> None:
        """Writes a checkpoint, while the device waits."""
        self._compare()
        progressed = self._generation.progressed()
        facts: dict[str, Any] = {
            "tokens": [asdict(token) for token in progressed.tokens],
            "before": {name: asdict(traffic) for name, traffic in progressed.before.items()},
            "begin": self._begin,
            "step": self._step,
            "seconds": time.perf_counter() - self._clock,
        }
        arrays: dict[str, np.ndarray] = dict(self._device.save())
        if self._comparison is not None:
            arrays |= self._comparison.save()
        Checkpoint(identity=identity, facts=facts, arrays=arrays).save(file)

    def explain(self, error: InternalError) -> None:
        """Raises the first difference from the reference, if there is one, as the cause."""
        try:
            self._compare()
        except InternalError as difference:
            raise difference from error

    def _record(self) -> None:
        """Begins with the wave file, or waits for its first cycle, once there are enough tokens."""
        if self._waves is not None and len(self.answer.tokens) >= self._waves.tokens:
            self._device.record(self._waves.plan)
            self._waves = None

    def _feed(self, tokens: Sequence[int]) -> None:
        if self._comparison is not None:
            self._expected = self._comparison.feed(tokens)

    def _compare(self, *, complete: bool = False) -> None:
        if self._comparison is not None:
            found = self._comparison.compare(complete=complete)
            if found is not None:
                raise InternalError(str(found))

    def _agree(self, token: Token) -> None:
        self._compare()
        if token.token != self._expected:
            raise InternalError(
                f"Token at position {token.position} must be {self._expected} as in the integer "
                f"reference, not {token.token}"
            )

    def _observed(self) -> ObservedStep:
        """What the last step was."""
        device, before = self._device, self._traffic
        self._traffic = device.traffic()
        return ObservedStep(
            cycles=device.cycle - self._step,
            traffic={name: now - before[name] for name, now in self._traffic.items()},
            taken=self._since_step(device.timed()),
            given=self._since_step(device.given()),
            changes={
                name: (cycles - self._step, doing)
                for name, (cycles, doing) in device.changes().items()
            },
        )

    def _since_step(self, passed: Mapping[str, NDArray[np.uint64]]) -> dict[str, list[int]]:
        """Cycles of the last step's beats, by stream."""
        return {
            name: (cycles.astype(np.int64) - self._step).tolist()
            for name, cycles in passed.items()
            if len(cycles)
        }
