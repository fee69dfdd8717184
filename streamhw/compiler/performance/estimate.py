# SPDX-License-Identifier: Apache-2.0
"""Predicted cycles of a design: its timelines, run through every layer of every step."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

from ...boards.memory.system import MemorySystem
from ...stream.control.scope import Scope
from ...stream.itensor.itensor import SymbolValues
from ...stream.queue import queue_latency
from ...stream.spec import Role
from ..fifo import MINIMUM
from ..ir.levels import Netlist, PlacedNetlist, SizedNetlist
from ..ir.netlist import Channel
from ..ir.serving import parameter_dma_of
from ..lowering.insert_dma import outstanding_beats
from ..mapping.row_windows import row_windows
from .assumptions import Assumptions, before_sizing, of_placed, of_sized
from .memory_latency import read_wait
from .memory_supply import Clock, Span, Supply
from .task_graph import CARRIED, Tasks
from .timeline import Activity, Timeline

__all__ = ["Estimate", "PredictedAnswer", "Seen"]

TOKEN_CYCLES = 2
"""Cycles of the sequencer for each token that it sends."""
START_CYCLES = 4
"""Cycles from the start to the first token sent."""
NEXT_CYCLES = 3
"""Cycles from a new token that the sequencer takes to the same token sent."""
READER_CYCLES = 2
"""Cycles from a step to the command that asks for its parameters."""
STEP_CYCLES = 1
"""Cycles from a token's turn to the parts that know of its step: queue and fanout."""

Seen = Callable[[Scope, Mapping[str, Activity]], None]
"""Is told of each invocation, and when every task works in it."""


@dataclass(frozen=True)
class PredictedAnswer:
    """Predicted cycles: until the first new token, and of each further one."""

    prompt: float
    tokens: tuple[float, ...]

    @property
    def total(self) -> float:
        return self.prompt + sum(self.tokens)


class Estimate:
    """The timelines of a design whose streams are typed and converted.

    assumptions: what stages behind ``control`` decided, or would at most
    memory: what is behind the ports; None: the board's own
    """

    def __init__(
        self, design: Netlist, assumptions: Assumptions, memory: MemorySystem | None = None
    ):
        if memory is not None:
            design = replace(design, board=replace(design.board, memory=memory))
        self.design, self.assumptions = design, assumptions
        self.port = design.board.ports[0]
        self.tasks = Tasks(design, assumptions)
        self.windows = row_windows(
            design.graph, design.tiling, design.board.beat_bits, design.cache_bits
        )

    @classmethod
    def before_sizing(cls, design: Netlist, memory: MemorySystem | None = None) -> "Estimate":
        """As the program for depths of queues may rely on."""
        return cls(design, before_sizing(design), memory)

    @classmethod
    def sized(cls, design: SizedNetlist) -> "Estimate":
        """With the design's queues, as if all shared one memory port."""
        return cls(design, of_sized(design))

    @classmethod
    def placed(cls, design: PlacedNetlist, memory: MemorySystem | None = None) -> "Estimate":
        """Of what is built."""
        return cls(design, of_placed(design), memory)

    @cached_property
    def body(self) -> Timeline:
        """One layer of one step."""
        return self.tasks.timeline(Scope.BODY)

    @cached_property
    def entry(self) -> Timeline:
        """Before the layers."""
        return self.tasks.timeline(Scope.ENTRY)

    @cached_property
    def tail(self) -> Timeline:
        """After the layers."""
        return self.tasks.timeline(Scope.TAIL)

    @cached_property
    def leaving(self) -> str:
        """The instance at the end of the loop."""
        (name,) = (i.name for i in self.design.instances if i.has(Role.LOOP_EXIT))
        return name

    def clock(self) -> Clock:
        """The state before the first step."""
        design, board = self.design, self.design.board
        times = board.memory_times
        reads = parameter_dma_of(design.instances)
        wait = read_wait(design, self.assumptions, str(reads.serves))
        ahead = self.assumptions.prefetch
        supply = Supply(
            port=self.port.name,
            rate=times.rate,
            buffer=ahead,
            outstanding=min(ahead, outstanding_beats(board)),
            pause=times.pause,
            latency=READER_CYCLES + wait + times.pause,
            behind=self._behind_reader(),
        )
        return Clock(supply=supply, turn=times.write_turn, ahead=times.write_wait)

    def answer(self, prompt: int, total: int) -> PredictedAnswer:
        """Cycles for a prompt of ``prompt`` tokens and ``total - prompt`` new ones."""
        return self.answers([(prompt, total)])[prompt, total]

    def answers(self, asked: Iterable[tuple[int, int]]) -> dict[tuple[int, int], PredictedAnswer]:
        """``answer`` for each (prompt, total); the steps that prompts begin with alike, all but
        each one's last, run once for all of them."""
        batch = self.design.tiling.token_batch
        found = {}
        clock, now, position = self.clock(), float(START_CYCLES), 0
        for prompt, total in sorted(set(asked)):
            while position + batch < prompt:
                now = self.step(clock, position, batch, False, now)
                position += batch
            found[prompt, total] = self._from(deepcopy(clock), now, position, prompt, total)
        return found

    def _from(
        self, clock: Clock, now: float, position: int, prompt: int, total: int
    ) -> PredictedAnswer:
        """The answer when all steps of the prompt but its last, at ``position``, have run."""
        if position < prompt:
            now = self.step(clock, position, prompt - position, True, now)
        ends = [now]
        for position in range(prompt, total - 1):
            now = self.step(clock, position, 1, True, now)
            ends.append(now)
        gaps = tuple(b - a for a, b in pairwise(ends))
        return PredictedAnswer(ends[0], gaps)

    def step(
        self,
        clock: Clock,
        position: int,
        count: int,
        head: bool,
        now: float,
        seen: Seen | None = None,
    ) -> float:
        """The cycle at which the next step may begin; ``seen`` is told of every invocation."""
        seen = seen or (lambda *_: None)
        sent = now + TOKEN_CYCLES * count + STEP_CYCLES
        begin = Span(now, now + TOKEN_CYCLES * (count - 1))
        memory = self.design.memory
        layers = self.design.graph.loops[0].trips
        body, tail = (sum(s.beats for s in run) for run in (memory.body, memory.tail))
        # Behind the tail, layer 0 of whatever step comes next.
        clock.supply.total = layers * body + head * (tail + body)
        work = self.entry.run({CARRIED: begin}, self.values(position, count, 0), clock, sent)
        seen(Scope.ENTRY, work)
        carried = work[self._source_of_loop()].output
        for layer in range(layers):
            symbol_values = self.values(position, count, layer)
            work = self.body.run({CARRIED: carried}, symbol_values, clock, sent)
            seen(Scope.BODY, work)
            carried = work[self.leaving].output
        if not head:
            return sent + 2
        row = Span(max(carried.first, carried.last - self._row_beats()), carried.last)
        work = self.tail.run({CARRIED: row}, {"tokens": 1}, clock, sent)
        seen(Scope.TAIL, work)
        clock.supply.early = clock.supply.beats + body
        last = max(activity.output.last for activity in work.values())
        return last + self._next_latency() + NEXT_CYCLES

    def values(self, position: int, tokens: int, layer: int) -> SymbolValues:
        """Values of the symbols in a layer of a step of ``tokens`` tokens from ``position`` on."""
        return {"tokens": tokens, "length": self.windows.lengths(position, tokens, layer)}

    def bound(self) -> SymbolValues:
        """Symbols at their bounds: what FIFOs are sized for."""
        group, context = self.design.tiling.token_batch, self.design.graph.context
        longest = max(self.windows.kinds, key=partial(self.windows.length, context - 1))
        return self.values(context - group, group, longest)

    def _source_of_loop(self) -> str:
        return self._into(Role.LOOP_ENTRY).source.instance

    def _into(self, role: Role) -> Channel:
        """The only stream into a port of that role."""
        (end,) = (i.end(role) for i in self.design.instances if i.has(role))
        (channel,) = (c for c in self.design.channels if c.sink == end)
        return channel

    def _next_latency(self) -> int:
        """Cycles of the queue in front of the sequencer."""
        channel = self._into(Role.NEXT_TOKEN)
        return self.assumptions.queue_latency[channel.name]

    def _behind_reader(self) -> int:
        """Cycles from the buffer of parameters to a part: the demux, what cuts or joins the
        beats for it, and the queues in front of both and of the part."""
        return 2 + 2 * queue_latency(MINIMUM)

    def _row_beats(self) -> int:
        leaving = self.design.instance(self.leaving)
        return leaving.port(leaving.end(Role.LOOP_EXIT).port).type.beats()
