# SPDX-License-Identifier: Apache-2.0
"""Predicted cycles of a design: its timelines, run through every layer of every step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from math import inf

import networkx as nx

from ..kernels.base import KernelSpec, Timing
from ..kernels.cache_append import CacheAppend
from ..kernels.cache_read import CacheRead
from ..kernels.matmul import Matmul, MatmulContext
from ..kernels.matmul_timing import tile_latency
from ..kernels.softmax import Softmax
from ..kernels.spill import SpillRead, SpillWrite
from ..kernels.split import Split
from ..stream.convert import Converter, Kind
from ..stream.itensor import Bindings, ITensor
from .design import Channel, Design, Instance, Scope
from .schedule import Clock, Link, Span, Supply, Task, Timeline

__all__ = ["Answer", "Estimate"]

CARRIED = "carried"
"""The task that stands for what enters the loop: the embedding, or the layer before."""
OPERAND = "_operand"
"""What stands behind a node's name for the task that stores its operand in the engine."""
TOKEN_CYCLES = 3
"""Cycles of the sequencer for each token that it sends."""
START_CYCLES = 4
"""Cycles from the start, or from the next token, to the first token sent."""
WAITING = 18
"""Weight words that wait in the queue and the registers in front of an engine."""
STEP_CYCLES = 4
"""Cycles from a step sent to a part that knows of it."""


@dataclass(frozen=True)
class Answer:
    """Predicted cycles: until the first new token, and of each further one."""

    prompt: float
    tokens: tuple[float, ...]

    @property
    def total(self) -> float:
        return self.prompt + sum(self.tokens)


class Estimate:
    """The timelines of a design whose streams are typed and converted."""

    def __init__(self, design: Design):
        self.design = design
        assert design.tiling is not None and design.memory is not None
        self.port = design.board.ports[0]

    @cached_property
    def body(self) -> Timeline:
        """One layer of one step."""
        return self._timeline(Scope.BODY)

    @cached_property
    def entry(self) -> Timeline:
        """Before the layers."""
        return self._timeline(Scope.ENTRY)

    @cached_property
    def tail(self) -> Timeline:
        """After the layers."""
        return self._timeline(Scope.TAIL)

    @property
    def leaving(self) -> str:
        """The instance at the end of the loop."""
        return f"{self.design.graph.loops[0].name}_exit"

    def clock(self) -> Clock:
        """The state before the first step."""
        tiling = self.design.tiling
        assert tiling is not None
        supply = Supply(
            port=self.port.name,
            rate=self.port.beats_per_cycle,
            buffer=tiling.prefetch,
            latency=self.port.latency + 16,
        )
        return Clock(supply=supply)

    def answer(self, prompt: int, total: int) -> Answer:
        """Cycles for a prompt of ``prompt`` tokens and ``total - prompt`` new ones."""
        tiling = self.design.tiling
        assert tiling is not None
        clock, now, ends = self.clock(), float(START_CYCLES), []
        for position in range(0, prompt, tiling.group):
            count = min(tiling.group, prompt - position)
            now = self.step(clock, position, count, position + count == prompt, now)
        ends.append(now)
        for position in range(prompt, total - 1):
            now = self.step(clock, position, 1, True, now)
            ends.append(now)
        gaps = tuple(b - a for a, b in pairwise(ends))
        return Answer(ends[0], gaps)

    def step(self, clock: Clock, position: int, count: int, head: bool, now: float) -> float:
        """The cycle at which the next step may begin."""
        bindings: Bindings = {
            "tokens": count,
            "length": tuple(range(position + 1, position + count + 1)),
        }
        sent = now + TOKEN_CYCLES * count + STEP_CYCLES
        begin = Span(now + TOKEN_CYCLES, sent)
        # The step's parameters are asked for behind its embedding.
        work = self.entry.run({CARRIED: begin}, bindings, clock, inf)
        carried = work[self._source_of_loop()].output
        for _ in range(self.design.graph.loops[0].trips):
            work = self.body.run({CARRIED: carried}, bindings, clock, sent)
            carried = work[self.leaving].output
        if not head:
            return sent + 2
        row = Span(max(carried.first, carried.last - self._row_beats()), carried.last)
        work = self.tail.run({CARRIED: row}, {"tokens": 1}, clock, sent)
        return max(activity.output.last for activity in work.values()) + START_CYCLES + 2

    def bound(self) -> Bindings:
        """Symbols at their bounds: what FIFOs are sized for."""
        assert self.design.tiling is not None
        group, context = self.design.tiling.group, self.design.graph.context
        return {"tokens": group, "length": tuple(range(context - group + 1, context + 1))}

    def _source_of_loop(self) -> str:
        entry = f"{self.design.graph.loops[0].name}_entry"
        return next(
            c.source.instance
            for c in self.design.channels
            if c.sink.instance == entry and c.sink.port == "i_first"
        )

    def _row_beats(self) -> int:
        exit_type = self.design.instance(self.leaving).port("o_exit").type
        return exit_type.tokens()

    def _timeline(self, scope: Scope) -> Timeline:
        instances = {i.name: i for i in self.design.instances}
        links = (*self._links(scope, instances), *self._stored(scope))
        order = nx.DiGraph()
        for link in links:
            order.add_edge(link.source, link.sink)
        # Products that do not need each other's results still run in the order of their engine.
        for binding in self.design.bindings:
            order.add_edges_from(
                pair for pair in pairwise(binding.nodes) if order.nodes.keys() >= set(pair)
            )
        names = [n for n in nx.lexicographical_topological_sort(order) if n != CARRIED]
        return Timeline(tuple(self._task(name, instances) for name in names), links)

    def _links(self, scope: Scope, instances: dict[str, Instance]) -> Iterator[Link]:
        entry = f"{self.design.graph.loops[0].name}_entry"
        for channel in self.design.channels:
            if channel.value is None:
                continue
            at_entry = channel.sink.instance == entry
            if at_entry and channel.sink.port == "i_first":
                continue
            source, sink = (
                self._node(channel, True, instances),
                self._node(channel, False, instances),
            )
            if channel.source.instance == "sequencer" or at_entry:
                source = CARRIED
            if channel.source.instance == self.leaving and not at_entry:
                source = CARRIED
            if channel.sink.instance == "sequencer" or channel.scope is not scope:
                continue
            part = instances.get(channel.source.instance)
            share, shares = 0, 1
            if part is not None and isinstance(part.part, Split):
                share, shares = int(channel.source.port.removeprefix("o_")), part.part.parts
            yield Link(
                name=channel.name,
                source=source,
                sink=sink,
                tokens=_beats(channel.consumed),
                bits=channel.consumed.bits_per_token,
                part=share,
                parts=shares,
            )

    def _stored(self, scope: Scope) -> Iterator[Link]:
        """From the operand of each context to its work: it waits in the engine, in no FIFO."""
        for binding in self.design.bindings:
            for node in binding.body if scope is Scope.BODY else binding.tail:
                if scope is Scope.ENTRY:
                    continue
                type = self._context_of(node)[1].arrival
                yield Link(
                    name=f"{node}{OPERAND}",
                    source=f"{node}{OPERAND}",
                    sink=node,
                    tokens=type.tokens,
                    bits=0,
                    inside=True,
                )

    def _node(self, channel: Channel, source: bool, instances: dict[str, Instance]) -> str:
        end = channel.source if source else channel.sink
        instance = instances.get(end.instance)
        if instance is not None and isinstance(instance.part, Matmul):
            return end.port[2:] if source else end.port.removeprefix("i_x_") + OPERAND
        return end.instance

    def _task(self, name: str, instances: dict[str, Instance]) -> Task:
        instance = instances.get(name)
        if instance is None:
            return self._context(name)
        part = instance.part
        waits = 0.0
        memory, traffic = None, None
        ports = {p.name: p.type for p in part.ports}
        if "i_data" in ports or "i_done" in ports:
            waits = self.port.latency + 16
            memory = self._memory_port(name)
            traffic = _traffic(
                ports["o" if "i_data" in ports else "i"], self.design.board.beat_bits
            )
            if isinstance(part, SpillRead | SpillWrite | CacheAppend | CacheRead):
                traffic = part.traffic
        timing: Callable[[Bindings], Timing]
        if isinstance(part, Converter):
            timing = _memoised(part, alone=True)
        elif isinstance(part, KernelSpec):
            timing = _memoised(part)
        else:
            beats, delay = _beats(part.ports[0].type), getattr(part, "latency", 1)

            def timing(bindings: Bindings) -> Timing:
                return Timing(latency=delay, interval=beats(bindings), drain=delay)

        exclusive = isinstance(part, Converter) and part.kind is Kind.SINGLE

        return Task(
            name=name,
            resource=name,
            timing=timing,
            accept=lambda bindings: timing(bindings).interval,
            exclusive=exclusive,
            wait=waits,
            memory=memory,
            traffic=traffic or _no_traffic,
            apart=isinstance(part, SpillWrite),
            writes="i_done" in ports,
            needs=_first_row if isinstance(part, Softmax) else None,
            give=part.target.tokens if isinstance(part, Converter) else _nothing,
        )

    def _memory_port(self, name: str) -> str:
        """The (first) port behind a part's DMA; before placement, one that is not the parameters'
        if there is any."""
        placement, board = self.design.placement, self.design.board
        port: str = board.ports[0 if board.striped else -1].name
        return port if placement is None else placement.ports[f"{name}_dma"][0]

    def _context_of(self, node: str) -> tuple[Matmul, MatmulContext]:
        """The engine of a matrix product, and its context there."""
        (binding,) = (b for b in self.design.bindings if node in b.nodes)
        engine = self.design.instance(binding.instance).part
        assert isinstance(engine, Matmul)
        (context,) = (c for c in engine.contexts if c.name == node)
        return engine, context

    def _context(self, name: str) -> Task:
        node = name.removesuffix(OPERAND)
        (binding,) = (b for b in self.design.bindings if node in b.nodes)
        engine, context = self._context_of(node)
        if name.endswith(OPERAND):
            return self._operand(name, binding.instance, engine, context)
        memory = self.design.memory
        assert memory is not None
        run = memory.body if node in binding.body else memory.tail
        place = [s.node for s in run].index(node)
        segments, products = run[place], {name for b in self.design.bindings for name in b.nodes}
        behind = 0
        for before in reversed(run[:place]):
            if before.node in products:
                break
            behind += before.beats
        (_, header), (_, weights) = segments.parts
        word = weights / (context.inputs // engine.input_lanes)
        timing = _memoised(replace(engine, contexts=(context,)))

        def without_operand(bindings: Bindings) -> Timing:
            return replace(timing(bindings), latency=tile_latency(engine, context, bindings))

        return Task(
            name=node,
            resource=binding.instance,
            timing=without_operand,
            accept=lambda bindings: timing(bindings).interval,
            demand=segments.beats,
            behind=behind,
            ahead=header + WAITING * word,
        )

    def _operand(self, name: str, instance: str, engine: Matmul, context: MatmulContext) -> Task:
        """The operand comes in once; the array reads it for each tile: the first as it comes, all
        others after its end."""

        def timing(bindings: Bindings) -> Timing:
            beats = -(-engine.tokens_of(context, bindings) // engine.token_lanes)
            tiles, steps = context.outputs // engine.rows, context.inputs // engine.input_lanes
            return Timing(
                latency=_stored_after(engine, context, bindings),
                interval=context.arrival.tokens(bindings),
                drain=1 + (tiles - 1) * steps * beats,
            )

        return Task(
            name=name,
            resource=f"{instance}{OPERAND}",
            timing=timing,
            accept=lambda bindings: timing(bindings).interval,
            stores=True,
        )


def _stored_after(engine: Matmul, context: MatmulContext, bindings: Bindings) -> int:
    """Cycles from the first beat of an operand to the first that the array may read."""
    if context.follows and engine.tokens_of(context, bindings) == 1:
        return engine.input_lanes // context.arrival.lanes
    return context.arrival.tokens(bindings)


def _first_row(bindings: Bindings) -> int:
    """Scores of the first token and head: softmax gives nothing before it has them all."""
    length = bindings["length"]
    return length if isinstance(length, int) else length[0]


def _nothing(_: Bindings) -> int:
    return 0


def _no_traffic(_: Bindings) -> float:
    return 0.0


def _traffic(type: ITensor, width: int) -> Callable[[Bindings], float]:
    """Beats of ``width`` bits of memory that hold a stream's elements."""
    beats = _beats(type)
    return lambda bindings: beats(bindings) * type.bits_per_token / width


Key = tuple[tuple[str, int | Sequence[int]], ...]
"""Values of symbols, to remember what follows from them."""


@lru_cache(maxsize=2048)
def _memoised(spec: KernelSpec, alone: bool = False) -> Callable[[Bindings], Timing]:
    """Timing by the values of the symbols: formulas of long rows are worth computing once, also
    for all designs that have the same kernel. alone: of a converter, one activation by itself."""
    names = sorted(frozenset().union(*(p.type.symbols for p in spec.ports)))
    formula = spec.alone if alone and isinstance(spec, Converter) else spec.timing

    @lru_cache(maxsize=4096)
    def by_key(key: Key) -> Timing:
        return formula(dict(key))

    return lambda bindings: by_key(tuple((n, bindings[n]) for n in names if n in bindings))


@lru_cache(maxsize=4096)
def _beats(type: ITensor) -> Callable[[Bindings], int]:
    """Beats of a stream by the values of its symbols."""
    names = sorted(type.symbols)

    @lru_cache(maxsize=4096)
    def by_key(key: Key) -> int:
        return type.tokens(dict(key))

    return lambda bindings: by_key(tuple((n, bindings[n]) for n in names if n in bindings))
