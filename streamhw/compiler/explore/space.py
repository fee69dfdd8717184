# SPDX-License-Identifier: Apache-2.0
"""The design space of a model on a board: which choices there are, one dimension after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar

from ...boards.base import Board
from ...graph import Graph
from ...numerics.element_format import ElementFormat
from ...stream.loop_order import LoopOrder
from ..mapping.attention_tiling import attention_fabric, attention_sizes, halves_of, parallel_heads
from ..mapping.engine_sharing import EngineAssignment, Groups, assignments_of, product_of
from ..mapping.engine_tiling import EngineTiling, is_legal
from ..mapping.sizes import powers
from ..mapping.tiling import Tiling, row_lanes
from .design_point import Choice

__all__ = ["Pick", "Space", "space_of"]

T = TypeVar("T")
WIDEST = 16
"""Most lanes of row-wise kernels and of an engine's results, if the board has no more: wider ones
only wait."""
SIZES = ("rows", "inputs", "lanes", "token_lanes", "loop_order")
"""What is chosen of an engine, one after the other."""
ONE_ABREAST = ((1, 1),)


class Pick(Protocol):
    """Chooses one of the options of a dimension."""

    def __call__(self, name: str, options: Sequence[T]) -> T: ...


@dataclass(frozen=True, kw_only=True)
class Space:
    """All choices; ``decode`` walks through the dimensions, and who picks decides.

    formats: the weight format of each product, in topological order
    sharing: the only assignment, or ``None``: any partition of products of one weight format
    groups, lanes, attention_lanes: options of these dimensions, ascending
    parallel_heads: heads and positions that may pass attention in parallel, by its lanes; else one
    """

    graph: Graph
    board: Board
    formats: Mapping[str, ElementFormat]
    sharing: Groups | None
    groups: tuple[int, ...]
    lanes: tuple[int, ...]
    attention_lanes: tuple[int, ...]
    parallel_heads: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    most: int = 1 << 30
    _legal: dict[str, tuple[EngineTiling, ...]] = field(default_factory=dict, compare=False)

    def decode(self, pick: Pick) -> Choice:
        """The choice that ``pick`` makes. Dimensions have names that do not depend on what was
        picked before: a product has one for its engine, and the sizes of an engine are those of
        its first product; where one has no legal option for the others, none is asked for."""
        assignments = self.assignments(self._partition(pick))
        engines = {b.instance: self._engine(b, pick) for b in assignments}
        token_batch, lanes = pick("token_batch", self.groups), pick("lanes", self.lanes)
        attention_lanes = pick("attention_lanes", self.attention_lanes)
        pairs = self.parallel_heads.get(attention_lanes, ONE_ABREAST)
        heads = pick("attention_heads", sorted({heads for heads, _ in pairs}))
        positions = pick("attention_positions", [n for at, n in pairs if at == heads])
        return Choice(
            sharing=tuple(b.nodes for b in assignments),
            tiling=Tiling(
                token_batch=token_batch,
                lanes=lanes,
                attention_lanes=attention_lanes,
                attention_heads=heads,
                attention_positions=positions,
                attention_fabric=attention_fabric(self.board.target, positions),
                engines=engines,
            ),
        )

    def assignments(self, groups: Groups) -> tuple[EngineAssignment, ...]:
        """Engines for a partition."""
        return assignments_of(self.graph, self.formats, groups)

    def encode(self, choice: Choice) -> dict[str, tuple[int, int]]:
        """Which option of how many ``decode`` must pick to give a choice.

        Raises ``ValueError`` if the choice lies outside the space.
        """
        wanted: dict[str, Any] = {
            name: getattr(choice.tiling, name)
            for name in (
                "token_batch",
                "lanes",
                "attention_lanes",
                "attention_heads",
                "attention_positions",
            )
        }
        for assignment in self.assignments(choice.sharing):
            engine = choice.tiling.engines[assignment.instance]
            for name in assignment.nodes:
                wanted[f"engine of {name}"] = assignment.nodes[0]
            for size in SIZES:
                wanted[f"{size} of {assignment.nodes[0]}"] = getattr(engine, size)
        picked: dict[str, tuple[int, int]] = {}

        def pick(name: str, options: Sequence[T]) -> T:
            index = list(options).index(wanted[name])
            picked[name] = (index, len(options))
            return options[index]

        if self.decode(pick).key != choice.key:
            raise ValueError(f"Choice must be a point of the space, not {choice.key}")
        return picked

    def shapes(self, assignment: EngineAssignment) -> tuple[EngineTiling, ...]:
        """Legal sizes of an engine, with multipliers ascending."""
        key = "+".join(assignment.nodes)
        if key not in self._legal:
            products = [product_of(self.graph, name) for name in assignment.nodes]
            found = [
                engine
                for rows in powers(1, max(product.outputs for product in products))
                for inputs in powers(1, min(product.inputs for product in products))
                for lanes in powers(1, min(rows, _widest(self.board)))
                for tokens in powers(1, self.board.target.token_lanes)
                for loop_order in LoopOrder
                if rows * inputs <= self.most
                and is_legal(
                    self.graph,
                    assignment,
                    engine := EngineTiling(
                        rows=rows,
                        inputs=inputs,
                        lanes=lanes,
                        token_lanes=tokens,
                        fabric_lanes=max(
                            0,
                            self.board.target.fabric_lanes - self.board.target.token_lanes + tokens,
                        ),
                        paired=self.board.paired and rows % 2 == 0,
                        loop_order=loop_order,
                    ),
                    self.board.beat_bits,
                )
            ]
            found.sort(
                key=lambda e: (e.multipliers, e.rows, e.lanes, e.token_lanes, _rank(e.loop_order))
            )
            self._legal[key] = tuple(found)
        return self._legal[key]

    def size(self, limit: int) -> int:
        """Number of choices, counted up to about ``limit``."""
        attention = sum(len(self.parallel_heads.get(n, ONE_ABREAST)) for n in self.attention_lanes)
        others = len(self.groups) * len(self.lanes) * attention
        total = 0
        for groups in self.partitions():
            points = others
            for assignment in self.assignments(groups):
                points *= len(self.shapes(assignment))
            total += points
            if total > limit:
                break
        return total

    def partitions(self) -> Iterator[Groups]:
        """All assignments, the one with fewest engines first."""
        if self.sharing is not None:
            yield self.sharing
            return

        def grow(left: Sequence[str], engines: Groups) -> Iterator[Groups]:
            if not left:
                yield engines
                return
            name, rest = left[0], left[1:]
            for index, engine in enumerate(engines):
                if self.formats[engine[0]] == self.formats[name]:
                    yield from grow(
                        rest, (*engines[:index], (*engine, name), *engines[index + 1 :])
                    )
            yield from grow(rest, (*engines, (name,)))

        yield from grow(list(self.formats), ())

    def choices(self, limit: int) -> Iterator[Choice]:
        """Every choice, at most ``limit`` of them."""
        return islice(self._all(), limit)

    def _all(self) -> Iterator[Choice]:
        """Odometer over the dimensions: each walk replays a prefix of picks and takes the next."""
        path: list[list[int]] = []
        while True:
            depth = 0

            def pick(name: str, options: Sequence[T]) -> T:
                nonlocal depth
                if depth == len(path):
                    path.append([0, len(options)])
                depth += 1
                return options[path[depth - 1][0]]

            yield self.decode(pick)
            while path and path[-1][0] + 1 == path[-1][1]:
                path.pop()
            if not path:
                return
            path[-1][0] += 1

    def _partition(self, pick: Pick) -> Groups:
        if self.sharing is not None:
            return self.sharing
        engines: dict[str, tuple[str, ...]] = {}
        for name, fmt in self.formats.items():
            open_ = [first for first in engines if self.formats[first] == fmt]
            first = pick(f"engine of {name}", [*open_, name])
            engines[first] = (*engines.get(first, ()), name)
        return tuple(engines.values())

    def _engine(self, assignment: EngineAssignment, pick: Pick) -> EngineTiling:
        first, left = assignment.nodes[0], self.shapes(assignment)
        if not left:
            raise ValueError(f"Engine {assignment.instance} has no legal sizes")
        for size in SIZES:
            options = sorted({getattr(engine, size) for engine in left}, key=_rank)
            value = pick(f"{size} of {first}", options)
            left = tuple(engine for engine in left if getattr(engine, size) == value)
        return left[0]


def _widest(board: Board) -> int:
    return max(WIDEST, board.target.lanes)


def _rank(size: int | LoopOrder) -> int:
    return size if isinstance(size, int) else list(LoopOrder).index(size)


def space_of(
    graph: Graph,
    board: Board,
    formats: Mapping[str, ElementFormat],
    *,
    sharing: Groups | None = None,
    token_batch: int | None = None,
    multipliers: int | None = None,
    cache_bits: int = 8,
) -> Space:
    """The space that a model and a board leave; arguments fix a dimension, or bound it.

    sharing: the only assignment; token_batch: tokens of a step; multipliers: most of one engine;
    cache_bits: of an element of keys and values in memory
    """
    beat = board.beat_bits // cache_bits
    heads = [found for node, _ in graph.walk() if (found := node.op.attention) is not None]
    head = min((op.head_dim for op in heads), default=1)
    lanes = [set(attention_sizes(op, beat, 1, halves_of(graph))) for op in heads]
    whole = {op.head_dim for op in heads} == {head}
    return Space(
        graph=graph,
        board=board,
        formats=formats,
        sharing=sharing,
        groups=(token_batch,)
        if token_batch is not None
        else tuple(powers(2, min(graph.context, 64))),
        lanes=tuple(powers(1, row_lanes(graph, _widest(board)))),
        attention_lanes=tuple(sorted(set.intersection(*lanes))) if lanes else (1,),
        parallel_heads={head: parallel_heads(heads, beat, graph.context)} if whole else {},
        most=multipliers or board.budget.dsps,
    )
