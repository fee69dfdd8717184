# SPDX-License-Identifier: Apache-2.0
"""What a layer waits for: its cycles beside those in which its engine and its memory work."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..compiler.performance.estimate import Estimate
from ..compiler.performance.timeline import Activity
from ..stream.control.scope import Scope
from .roofline import work_of

__all__ = ["LayerCycles", "layer_cycles"]


@dataclass(frozen=True, kw_only=True)
class LayerCycles:
    """One layer of a step of one token, in cycles.

    interval: from a layer's last result to that of the next
    engine: in which the busiest matmul engine multiplies
    memory: that its parameters, keys and values take at the memory's sustained bandwidth
    """

    interval: float
    engine: float
    memory: float

    @property
    def idle_share(self) -> float:
        """Share of the layer in which neither the engine nor memory would be at work, if the one
        that has more to do never waited: norms, softmax, activations and fills that nothing hides.
        """
        return max(0.0, 1 - max(self.engine, self.memory) / self.interval)


def layer_cycles(estimate: Estimate, context: int) -> LayerCycles:
    """The mean layer of the token that has ``context`` positions before it.

    Parameters that were prefetched while the layers before waited are there: the token before it
    is followed, too.
    """
    design = estimate.design
    ends: list[float] = []

    def seen(scope: Scope, work: Mapping[str, Activity]) -> None:
        if scope is Scope.BODY:
            ends.append(work[estimate.leaving].output.last)

    clock = estimate.clock()
    now = estimate.step(clock, context - 1, 1, True, 0.0)
    estimate.step(clock, context, 1, True, now, seen)
    layers = design.graph.loops[0].trips
    return LayerCycles(
        interval=(ends[-1] - ends[0]) / (layers - 1) if layers > 1 else ends[0] - now,
        engine=_engine(estimate),
        memory=_memory(estimate, context),
    )


def _engine(estimate: Estimate) -> float:
    """Beats of weights of a layer in its busiest engine: each meets the token in a cycle."""
    design = estimate.design
    inside = {node.name for node, loop in design.graph.walk() if loop}
    engines = (instance.part.behaviour().contexts for instance in design.instances)
    return max(
        float(sum(c.tiles * c.words for c in contexts if c.name in inside)) for contexts in engines
    )


def _memory(estimate: Estimate, context: int) -> float:
    """Bytes of a layer, at what all ports together sustain."""
    design = estimate.design
    board, memory = design.board, design.memory
    parameters = sum(segments.beats for segments in memory.body) * memory.beat_bytes
    cached = work_of(design.graph, design.config.quantization).cached(context)
    layers = design.graph.loops[0].trips
    sustained = board.memory_times.rate / board.ports[0].beats_per_cycle
    rate = sum(port.width / 8 * port.beats_per_cycle for port in board.ports) * sustained
    return float((parameters + cached / layers) / rate)
