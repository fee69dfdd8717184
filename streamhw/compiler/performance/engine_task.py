# SPDX-License-Identifier: Apache-2.0
"""The two tasks of each product of a shared engine: one stores its operand, one computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ...stream.behaviour import ContextBehaviour
from ...stream.itensor.itensor import SymbolValues
from ...stream.queue import queue_latency
from ...stream.spec import Direction, KernelSpec
from ...stream.timing import Timing
from ..fifo import MINIMUM
from ..ir.levels import Netlist
from ..ir.netlist import Instance
from ..ir.serving import parameter_path
from ..lowering.parameter_routing import queued_words
from ..mapping.engine_sharing import EngineAssignment
from .assumptions import Assumptions
from .memoized import context_timing_of
from .timeline import Task

__all__ = ["OPERAND", "EngineTasks", "NarrowedBeats", "cycles_through_demux"]

OPERAND = "_operand"
"""What stands behind a node's name for the task that stores its operand in the engine."""
HELD = 2
"""Weight words in the registers in front of an engine."""


@dataclass(frozen=True, kw_only=True)
class NarrowedBeats:
    """Beats of parameters that a cutter divides into ``pieces`` each."""

    cutter: str
    beats: int
    pieces: int


@dataclass(frozen=True)
class _Product:
    """A product, the engine that works on it, and what it is there."""

    assignment: EngineAssignment
    engine: Instance
    context: ContextBehaviour


class EngineTasks:
    """The tasks of a design's shared engines."""

    def __init__(self, design: Netlist, assumptions: Assumptions):
        self._design, self._assumptions = design, assumptions
        self._products: dict[str, _Product] = {}
        for assignment in design.assignments:
            engine = design.instance(assignment.instance)
            contexts = {c.name: c for c in engine.part.behaviour().contexts}
            for node in assignment.nodes:
                self._products[node] = _Product(assignment, engine, contexts[node])

    def context_of(self, node: str) -> ContextBehaviour:
        """What a product is for its engine."""
        return self._products[node].context

    def operand(self, node: str) -> Task:
        """The operand comes in once; the array reads it for each tile: the first as it comes, all
        others after its end."""
        product = self._products[node]
        context = product.context

        def timing(symbol_values: SymbolValues) -> Timing:
            beats = context.passes(symbol_values)
            return Timing(
                latency=context.stored(symbol_values) * context.beat_cycles,
                interval=context.operand.beats(symbol_values) * context.beat_cycles,
                drain=1 + (context.tiles - 1) * context.words * beats,
            )

        return Task(
            name=f"{node}{OPERAND}",
            resource=f"{product.engine.name}{OPERAND}",
            timing=timing,
            accept=lambda symbol_values: timing(symbol_values).interval,
            stores=True,
            before=lambda symbol_values: context.stored(symbol_values) - 1,
        )

    def compute(self, node: str) -> Task:
        """The array takes the product's parameters tile by tile."""
        design, product = self._design, self._products[node]
        context, engine = product.context, product.engine
        memory = design.memory
        assert isinstance(engine.part, KernelSpec)
        run = memory.body if node in product.assignment.body else memory.tail
        place = [s.node for s in run].index(node)
        segments = run[place]
        between = place
        while between and run[between - 1].node not in self._products:
            between -= 1
        behind = sum(before.beats for before in run[between:place])
        parts = [part for before in run[between:place] for part in before.parts]
        lead = cycles_through_demux([self._cut(target, beats) for target, beats in parts])
        (port, scales), (target, weights) = segments.parts
        word = weights / context.words
        (words,) = design.out_of(parameter_path(design, target)[0].name)
        waiting = HELD + queued_words(words.consumed.beat_bits)
        timing = context_timing_of(engine.part, node)
        beats, tiles = scales + weights, context.tiles
        # What comes before the first weights: two tiles' scales, if there are two.
        ahead = min(2, tiles) * scales
        late = self._scale_path(port, scales)

        def stall(symbol_values: SymbolValues) -> int:
            # Behind a tile's scales come the weights of the tile before it, then other scales:
            # in two turns it must have come, so that its own weights need not wait for it.
            steps = context.words * context.passes(symbol_values)
            return (tiles - 1) * max(0, ceil((beats + late) / 2) - max(steps, beats))

        return Task(
            name=node,
            resource=engine.name,
            timing=timing,
            accept=lambda symbol_values: timing(symbol_values).interval,
            demand=segments.beats,
            first=ahead + word,
            behind=behind,
            lead=lead,
            ahead=ahead + waiting * word,
            hold=lambda symbol_values: waiting * context.passes(symbol_values),
            stall=stall,
            give=lambda symbol_values: tiles * context.results(symbol_values),
            before=(lambda symbol_values: context.first_sums(symbol_values) - 1)
            if self._assumptions.bounded
            else None,
        )

    def _scale_path(self, target: str, beats: int) -> int:
        """Cycles from when the demux routes the last of the beats of a tile's scales to when
        the engine has its last word: those of the parts on the way, of the queues behind them, and
        of the words that a beat is cut into."""
        way = parameter_path(self._design, target)
        first = next(p for p in way[-1].part.ports if p.direction is Direction.INPUT)
        last = next(c.produced for c in self._design.out_of(way[0].name))
        words = beats * max(1, first.type.beat_bits // last.beat_bits)
        queue = queue_latency(MINIMUM)
        return words - beats + sum(i.part.behaviour().delay + queue for i in way)

    def _cut(self, target: str, beats: int) -> NarrowedBeats:
        (cutter, *_) = parameter_path(self._design, target)
        (narrow,) = self._design.out_of(cutter.name)
        (wide,) = self._design.into(cutter.name)
        ratio = wide.consumed.beat_bits // narrow.consumed.beat_bits
        return NarrowedBeats(cutter=cutter.name, beats=beats, pieces=max(1, ratio))


def cycles_through_demux(cuts: Sequence[NarrowedBeats]) -> int:
    """Cycles in which parameters pass the demux one after another: what is cut to fewer bits moves
    on as fast as the pieces, but for the beats that wait to be cut; those behind one cutter wait
    for each other's."""
    now = 0
    ends: dict[str, list[int]] = {}
    for cut in cuts:
        done = ends.setdefault(cut.cutter, [])
        for _ in range(cut.beats):
            room = done[-MINIMUM - 1] if len(done) > MINIMUM else 0
            now = max(now, room) + 1
            done.append(max(now, done[-1] if done else 0) + cut.pieces)
    return now
