# SPDX-License-Identifier: Apache-2.0
"""The next smaller sizes of kernels, for a design that does not fit its board."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...boards.base import Board
from ...errors import BuildError
from ...graph.graph import Graph
from .attention_tiling import attention_sizes, halves_of, head_groups
from .engine_sharing import EngineAssignment
from .engine_tiling import EngineTiling, choose_engine
from .tiling import Tiling

__all__ = ["Shortage", "smaller"]


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """What does not fit, and which sizes stay as they were asked for.

    part: the kernel that does not fit even alone, if it is one; node: the graph node of it
    between: whether it is the memory for values between kernels, which fewer tokens a step relieve
    keep_multipliers, keep_batch: sizes that were asked for
    """

    part: str | None = None
    node: str | None = None
    between: bool = False
    keep_multipliers: bool = False
    keep_batch: bool = False


def smaller(
    graph: Graph,
    board: Board,
    assignments: Sequence[EngineAssignment],
    tiling: Tiling,
    short: Shortage = Shortage(),
    cache_bits: int = 8,
) -> Tiling | None:
    """The next smaller tiling when something does not fit; ``None`` if there is none.

    Where values between kernels do not fit, a step gets half its tokens first. Else positions side
    by side in attention go first, whatever does not fit. An engine gets half its token lanes, then
    fewer multipliers; the parts of attention half their parallel heads, then half their lanes.
    For other parts, or none: the largest engine that can be smaller, else half the tokens of a
    step.

    cache_bits: of an element of keys and values in memory
    """
    beat = board.beat_bits // cache_bits
    fewer = None if short.keep_batch else _fewer_tokens(tiling)
    if short.between and fewer is not None:
        return fewer
    if tiling.attention_positions > 1:
        return replace(
            tiling,
            attention_positions=tiling.attention_positions // 2,
            attention_fabric=tiling.attention_fabric // 2,
        )
    if short.node is not None and graph.node(short.node).op.attention is not None:
        if tiling.attention_heads > 1:
            return replace(tiling, attention_heads=_fewer_heads(graph, beat, tiling))
        lanes = _fewer_lanes(graph, beat, tiling)
        return None if lanes is None else replace(tiling, attention_lanes=lanes)
    by_name = {assignment.instance: assignment for assignment in assignments}
    alone = short.part in by_name
    names = sorted(by_name, key=lambda name: (-tiling.engines[name].multipliers, name))
    for name in names:
        if alone and name != short.part:
            continue
        engine = _smaller_engine(graph, board, by_name[name], tiling, short.keep_multipliers)
        if engine is not None:
            return replace(tiling, engines={**tiling.engines, name: engine})
    return None if alone else fewer


def _fewer_tokens(tiling: Tiling) -> Tiling | None:
    """With half the tokens of a step, of which there are two at least."""
    if tiling.token_batch < 4:
        return None
    return replace(tiling, token_batch=tiling.token_batch // 2)


def _smaller_engine(
    graph: Graph,
    board: Board,
    assignment: EngineAssignment,
    tiling: Tiling,
    keep_multipliers: bool,
) -> EngineTiling | None:
    """Fewer tokens a cycle make prompts slower, not answers, which weights limit: they go first."""
    engine = tiling.engines[assignment.instance]
    if engine.token_lanes > 1:
        half = engine.token_lanes // 2
        return replace(engine, token_lanes=half, fabric_lanes=max(0, engine.fabric_lanes - half))
    lanes = min(engine.lanes, tiling.lanes)
    for multipliers in () if keep_multipliers else _halves(engine.multipliers):
        try:
            found = choose_engine(graph, board, assignment, multipliers, lanes)
        except BuildError:
            continue  # this number divides no layer: a smaller one may
        return replace(engine, rows=found.rows, inputs=found.inputs, lanes=found.lanes)
    return None


def _halves(number: int) -> Iterator[int]:
    while number > 1:
        number //= 2
        yield number


def _fewer_lanes(graph: Graph, beat: int, tiling: Tiling) -> int | None:
    """The next smaller number of lanes that every attention can have, if there is one."""
    common = set.intersection(
        *(
            set(attention_sizes(attention, beat, 1, halves_of(graph)))
            for node, _ in graph.walk()
            if (attention := node.op.attention) is not None
        )
    )
    return max((n for n in common if n < tiling.attention_lanes), default=None)


def _fewer_heads(graph: Graph, beat: int, tiling: Tiling) -> int:
    """The next smaller number of parallel heads that every attention can have."""
    tiles = [engine.rows for engine in tiling.engines.values()]
    common = set.intersection(
        *(
            set(head_groups(attention, beat, tiles))
            for node, _ in graph.walk()
            if (attention := node.op.attention) is not None
        )
    )
    return max(n for n in common if n < tiling.attention_heads)
