# SPDX-License-Identifier: Apache-2.0
"""The parts of a design as tasks: what each takes, gives and waits for, from its own formulas."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from math import ceil

import networkx as nx

from ...kernels.attention.softmax import SoftmaxSpec
from ...kernels.elementwise.split import SplitSpec
from ...kernels.kv_cache.append import CacheAppendSpec
from ...kernels.kv_cache.read import CacheReadSpec
from ...kernels.matmul.context import MatmulContext
from ...kernels.matmul.loop_order import LoopOrder
from ...kernels.matmul.spec import MatmulSpec
from ...kernels.matmul.timing import steps_of_sums, tile_drain, tile_latency
from ...kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from ...kernels.norm.layernorm import NormSpec
from ...stream.converter.geometry import BufferKind
from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.itensor import ITensor, SymbolValues
from ...stream.queue import queue_latency
from ...stream.spec import KernelSpec, Timing
from ..fifo import MINIMUM
from ..ir.design import Channel, Design, Instance, Part, Scope
from ..lowering.insert_dma import READ_BUFFER
from ..lowering.parameter_routing import DISTRIBUTOR, NARROW
from .memory_latency import read_wait, write_answer, write_wait
from .timeline import FIFO_LATENCY, Task, TaskLink, Timeline

__all__ = ["CARRIED", "Tasks"]

CARRIED = "carried"
"""The task that stands for what enters the loop: the embedding, or the layer before."""
OPERAND = "_operand"
"""What stands behind a node's name for the task that stores its operand in the engine."""
WAITING = 18
"""Weight words that wait in the queue and the registers in front of an engine."""


class Tasks:
    """The timelines of a design; before it is sized, as the FIFO program may rely on."""

    def __init__(self, design: Design):
        self.design = design
        self.port = design.board.ports[0]
        self._leaving = f"{design.graph.loops[0].name}_exit"

    def timeline(self, scope: Scope) -> Timeline:
        """The tasks of an activation, and the streams between them."""
        instances = {i.name: i for i in self.design.instances}
        links = (*self._links(scope, instances), *self._stored(scope))
        order = nx.DiGraph()
        for link in links:
            order.add_edge(link.source, link.sink)
        # Products that do not need each other's results still run in the order of their engine.
        for assignment in self.design.assignments:
            order.add_edges_from(
                pair for pair in pairwise(assignment.nodes) if order.nodes.keys() >= set(pair)
            )
        names = [n for n in nx.lexicographical_topological_sort(order) if n != CARRIED]
        return Timeline(tuple(self._task(name, instances) for name in names), links)

    def _links(self, scope: Scope, instances: dict[str, Instance]) -> Iterator[TaskLink]:
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
            if channel.source.instance == self._leaving and not at_entry:
                source = CARRIED
            if channel.sink.instance == "sequencer" or channel.scope is not scope:
                continue
            part = instances.get(channel.source.instance)
            share, shares = 0, 1
            if part is not None and isinstance(part.part, SplitSpec):
                share, shares = int(channel.source.port.removeprefix("o_")), part.part.parts
            yield TaskLink(
                name=channel.name,
                source=source,
                sink=sink,
                beats=_beats(channel.consumed),
                bits=channel.consumed.beat_bits,
                part=share,
                parts=shares,
                fifo_latency=FIFO_LATENCY
                if self.design.depths is None
                else queue_latency(channel.depth),
            )

    def _stored(self, scope: Scope) -> Iterator[TaskLink]:
        """From the operand of each context to its work: it waits in the engine, in no FIFO."""
        for assignment in self.design.assignments:
            for node in assignment.body if scope is Scope.BODY else assignment.tail:
                if scope is Scope.ENTRY:
                    continue
                type = self._context_of(node)[1].arrival
                yield TaskLink(
                    name=f"{node}{OPERAND}",
                    source=f"{node}{OPERAND}",
                    sink=node,
                    beats=type.beats,
                    bits=0,
                    inside=True,
                )

    def _node(self, channel: Channel, source: bool, instances: dict[str, Instance]) -> str:
        end = channel.source if source else channel.sink
        instance = instances.get(end.instance)
        if instance is not None and isinstance(instance.part, MatmulSpec):
            return end.port[2:] if source else end.port.removeprefix("i_x_") + OPERAND
        return end.instance

    def _task(self, name: str, instances: dict[str, Instance]) -> Task:
        instance = instances.get(name)
        if instance is None:
            return self._context(name)
        part, board = instance.part, self.design.board
        wait, answer = 0.0, 0.0
        pause: Callable[[SymbolValues], float] = _nothing
        memory, traffic = None, None
        ports = {p.name: p.type for p in part.ports}
        if "i_data" in ports or "i_done" in ports:
            writes = "i_done" in ports
            wait = _asking(part) + (write_wait if writes else read_wait)(self.design, name)
            pauses = board.memory_times.pause
            wait += 0.0 if writes else pauses
            if isinstance(part, CacheReadSpec):
                pause = _round_trips(part, wait)
            answer = write_answer(self.design, name) + pauses if writes else 0.0
            memory = self._memory_port(name)
            traffic = _traffic(ports["o" if "i_data" in ports else "i"], board.beat_bits)
            if isinstance(part, SpillReadSpec | SpillWriteSpec | CacheAppendSpec | CacheReadSpec):
                traffic = part.traffic
        timing: Callable[[SymbolValues], Timing]
        if isinstance(part, ConverterSpec):
            timing = _memoized(part, alone=True)
        elif isinstance(part, NormSpec):
            timing = _after_rows(_memoized(part))
        elif isinstance(part, KernelSpec):
            timing = _memoized(part)
        else:
            beats, delay = _beats(part.ports[0].type), getattr(part, "latency", 1)

            def timing(symbol_values: SymbolValues) -> Timing:
                return Timing(latency=delay, interval=beats(symbol_values), drain=delay)

        exclusive = isinstance(part, ConverterSpec) and part.kind is BufferKind.SINGLE

        return Task(
            name=name,
            resource=name,
            timing=timing,
            accept=lambda symbol_values: timing(symbol_values).interval,
            exclusive=exclusive,
            wait=wait,
            answer=answer,
            pause=pause,
            memory=memory,
            traffic=traffic or _no_traffic,
            window=board.cache_buffer if isinstance(part, CacheReadSpec) else READ_BUFFER,
            apart=isinstance(part, SpillWriteSpec),
            writes="i_done" in ports,
            needs=_first_row(part) if isinstance(part, SoftmaxSpec) else None,
            before=None if self.design.depths is None else _before(part, timing),
            give=_given(part),
        )

    def _memory_port(self, name: str) -> str:
        """The (first) port behind a part's DMA; before placement, one that is not the parameters'
        if there is any."""
        placement, board = self.design.placement, self.design.board
        port: str = board.ports[0 if board.striped else -1].name
        return port if placement is None else placement.ports[f"{name}_dma"][0]

    def _context_of(self, node: str) -> tuple[MatmulSpec, MatmulContext]:
        """The engine of a matrix product, and its context there."""
        (assignment,) = (b for b in self.design.assignments if node in b.nodes)
        engine = self.design.instance(assignment.instance).part
        assert isinstance(engine, MatmulSpec)
        (context,) = (c for c in engine.contexts if c.name == node)
        return engine, context

    def _context(self, name: str) -> Task:
        node = name.removesuffix(OPERAND)
        (assignment,) = (b for b in self.design.assignments if node in b.nodes)
        engine, context = self._context_of(node)
        if name.endswith(OPERAND):
            return self._operand(name, assignment.instance, engine, context)
        memory = self.design.memory
        assert memory is not None
        run = memory.body if node in assignment.body else memory.tail
        place = [s.node for s in run].index(node)
        segments, products = run[place], {name for b in self.design.assignments for name in b.nodes}
        behind, lead = 0, 0.0
        for before in reversed(run[:place]):
            if before.node in products:
                break
            behind += before.beats
            lead += sum(self._passing(target, beats) for target, beats in before.parts)
        (_, header), (_, weights) = segments.parts
        word = weights / (context.inputs // engine.input_lanes)
        timing = _memoized(replace(engine, contexts=(context,)))

        def without_operand(symbol_values: SymbolValues) -> Timing:
            found = timing(symbol_values)
            found = replace(found, latency=tile_latency(engine, context, symbol_values))
            if engine.loop_order is LoopOrder.WEIGHT_STATIONARY:
                return found
            # What the formula counts from the last weight taken is early: these are kept.
            return replace(found, drain=tile_drain(engine, context, symbol_values))

        dealt, tiles = header + weights, context.outputs // engine.rows
        # What comes before the first weights: two headers, if there are two.
        headers = min(2, tiles) * header
        late = self._header_path(segments.parts[0][0], header)

        def stall(symbol_values: SymbolValues) -> int:
            # Behind a tile's header come the weights of the tile before it, then another header:
            # in two turns it must have come, so that its own weights need not wait for it.
            steps = context.inputs // engine.input_lanes * _passes(engine, context, symbol_values)
            return (tiles - 1) * max(0, ceil((dealt + late) / 2) - max(steps, dealt))

        def first_sums(symbol_values: SymbolValues) -> int:
            return steps_of_sums(engine, context, symbol_values) - 1

        return Task(
            name=node,
            resource=assignment.instance,
            timing=without_operand,
            accept=lambda symbol_values: timing(symbol_values).interval,
            demand=segments.beats,
            first=headers + word,
            behind=behind,
            lead=lead,
            ahead=headers + WAITING * word,
            hold=lambda symbol_values: WAITING * _passes(engine, context, symbol_values),
            stall=stall,
            before=None if self.design.depths is None else first_sums,
        )

    def _header_path(self, target: str, beats: int) -> int:
        """Cycles from when the distributor deals the last of the beats of a tile's header to when
        the engine has its last word: those of the parts on the way, of the queues behind them, and
        of the words that a beat is cut into."""
        cut = self.design.instance(f"{target}_width")
        source = next(c.source.instance for c in self.design.into(cut.name))
        on_the_way = [cut]
        if source != DISTRIBUTOR:
            on_the_way += [self.design.instance(name) for name in (source, NARROW)]
        ports = [p.type.beat_bits for p in on_the_way[-1].part.ports if p.name == "i"]
        ports += [c.produced.beat_bits for c in self.design.out_of(cut.name)]
        words = beats * max(1, ports[0] // ports[1])
        fifo_latency = queue_latency(MINIMUM)
        return words - beats + sum(getattr(i.part, "latency", 1) + fifo_latency for i in on_the_way)

    def _passing(self, target: str, beats: int) -> float:
        """Cycles in which a part's parameters pass the distributor: those that are cut to fewer
        bits move on as fast as the pieces, but for the beats that wait to be cut."""
        cut = next(c for c in self.design.channels if c.source.instance == f"{target}_width")
        dealt = next(c for c in self.design.channels if c.sink.instance == f"{target}_width")
        ratio = dealt.consumed.beat_bits / cut.consumed.beat_bits
        return max(beats, (beats - MINIMUM - 1) * ratio)

    def _operand(
        self, name: str, instance: str, engine: MatmulSpec, context: MatmulContext
    ) -> Task:
        """The operand comes in once; the array reads it for each tile: the first as it comes, all
        others after its end."""

        def timing(symbol_values: SymbolValues) -> Timing:
            beats = _passes(engine, context, symbol_values)
            tiles, steps = context.outputs // engine.rows, context.inputs // engine.input_lanes
            return Timing(
                latency=_stored_after(engine, context, symbol_values),
                interval=context.arrival.beats(symbol_values),
                drain=1 + (tiles - 1) * steps * beats,
            )

        return Task(
            name=name,
            resource=f"{instance}{OPERAND}",
            timing=timing,
            accept=lambda symbol_values: timing(symbol_values).interval,
            stores=True,
            before=lambda symbol_values: _stored_after(engine, context, symbol_values) - 1,
        )


def _passes(engine: MatmulSpec, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles for which a weight is used: groups of tokens that pass side by side."""
    return -(-engine.tokens_of(context, symbol_values) // engine.token_lanes)


def _stored_after(engine: MatmulSpec, context: MatmulContext, symbol_values: SymbolValues) -> int:
    """Cycles from the first beat of an operand to the first that the array may read."""
    arrival, tokens = (
        context.arrival.beats(symbol_values),
        engine.tokens_of(context, symbol_values),
    )
    word = engine.input_lanes // context.arrival.lanes
    if context.follows and tokens == 1:
        return word
    if engine.wants_in_order(context):
        # The array is not ahead of what comes: it has its last word when that is there.
        return max(word, arrival - tokens * (context.inputs // engine.input_lanes) + 1)
    return arrival


def _first_row(part: SoftmaxSpec) -> Callable[[SymbolValues], int]:
    """Beats of scores of the first token and head: softmax gives nothing before it has them."""

    def beats(symbol_values: SymbolValues) -> int:
        length = symbol_values["length"]
        return -(-(length if isinstance(length, int) else length[0]) // part.positions)

    return beats


def _after_rows(timing: Callable[[SymbolValues], Timing]) -> Callable[[SymbolValues], Timing]:
    """A norm's timing whose drain counts from the last beat of its rows: its parameters, which
    come as the result leaves, are later. The last row takes as long as the first."""

    def from_rows(symbol_values: SymbolValues) -> Timing:
        found = timing(symbol_values)
        return replace(found, drain=found.latency)

    return from_rows


def _asking(part: Part) -> int:
    """Cycles from a part's input to the command that follows from it."""
    return int(getattr(part, "asking", 1))


def _before(part: Part, timing: Callable[[SymbolValues], Timing]) -> Callable[[SymbolValues], int]:
    """Beats of its input, behind the first, that a part must have for its first output: all that
    its latency is longer than its pipeline, which is what its last beat takes to the end."""
    if isinstance(part, SoftmaxSpec):
        first_row = _first_row(part)
        return lambda symbol_values: first_row(symbol_values) - 1
    if isinstance(part, ConverterSpec):
        return lambda symbol_values: part.ahead(timing(symbol_values))
    if isinstance(part, NormSpec):
        return lambda _: part.beats - 1

    def before(symbol_values: SymbolValues) -> int:
        found = timing(symbol_values)
        return max(0, found.latency - found.drain)

    return before


def _round_trips(part: CacheReadSpec, wait: float) -> Callable[[SymbolValues], float]:
    """By how much longer than a beat a cycle a reader takes, from when memory has its first new
    row: it has read the old rows of the first head by then, and for all further ones memory takes
    ``wait`` cycles, with only so many under way at once, one of which it sends."""
    ahead, layout = part.outstanding + 1, part.layout
    rows = layout.groups * part.shared

    @lru_cache(maxsize=256)
    def longer(lengths: tuple[int, ...]) -> float:
        asked, sent = 1.0, [0.0] * ahead
        old = (lengths[0] - 1) // layout.beat_rows * layout.beat_rows
        early = old // part.positions * part.fold
        for length in lengths:
            for _ in range(rows):
                sent.append(max(sent[-1], asked + wait) + part.rounds(length) - early)
                asked, early = max(asked + 2, sent[1 - ahead]), 0
        return sent[-1] - (1 + wait) - sum(map(part.rounds, lengths)) * rows

    def by_values(symbol_values: SymbolValues) -> float:
        length = symbol_values["length"]
        return longer((length,) if isinstance(length, int) else tuple(length))

    return by_values


def _given(part: Part) -> Callable[[SymbolValues], int]:
    """Beats of a part's result, one a cycle: as long as they take, whatever came when."""
    results = [port for port in part.ports if port.name == "o"]
    return _beats(results[0].type) if results else _nothing


def _nothing(_: SymbolValues) -> int:
    return 0


def _no_traffic(_: SymbolValues) -> float:
    return 0.0


def _traffic(type: ITensor, width: int) -> Callable[[SymbolValues], float]:
    """Beats of ``width`` bits of memory that hold a stream's elements."""
    beats = _beats(type)
    return lambda symbol_values: beats(symbol_values) * type.beat_bits / width


Key = tuple[tuple[str, int | Sequence[int]], ...]
"""Values of symbols, to remember what follows from them."""


@lru_cache(maxsize=2048)
def _memoized(spec: KernelSpec, alone: bool = False) -> Callable[[SymbolValues], Timing]:
    """Timing by the values of the symbols: formulas of long rows are worth computing once, also
    for all designs that have the same kernel. alone: of a converter, one activation by itself."""
    names = sorted(frozenset().union(*(p.type.symbols for p in spec.ports)))
    formula = spec.alone if alone and isinstance(spec, ConverterSpec) else spec.timing

    @lru_cache(maxsize=4096)
    def by_key(key: Key) -> Timing:
        return formula(dict(key))

    return lambda symbol_values: by_key(
        tuple((n, symbol_values[n]) for n in names if n in symbol_values)
    )


@lru_cache(maxsize=4096)
def _beats(type: ITensor) -> Callable[[SymbolValues], int]:
    """Beats of a stream by the values of its symbols."""
    names = sorted(type.symbols)

    @lru_cache(maxsize=4096)
    def by_key(key: Key) -> int:
        return type.beats(dict(key))

    return lambda symbol_values: by_key(
        tuple((n, symbol_values[n]) for n in names if n in symbol_values)
    )
