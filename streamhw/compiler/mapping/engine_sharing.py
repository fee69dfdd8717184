# SPDX-License-Identifier: Apache-2.0
"""Engine assignment: which matrix products share one engine in time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ...errors import InternalError, UserError
from ...graph import Graph
from ...graph.ops import MatrixProduct
from ...near_names import did_you_mean
from ...numerics.element_format import ElementFormat
from ...quantization.plan import LinearPlan, QuantizationPlan

__all__ = [
    "EngineAssignment",
    "Groups",
    "Sharing",
    "SharingChoice",
    "assignments_of",
    "formats_of",
    "product_of",
    "share_engines",
]


class Sharing(Enum):
    """How many matrix products share one engine in time."""

    ALL = "all"
    NONE = "none"


Groups = tuple[tuple[str, ...], ...]
"""The products of each engine."""

SharingChoice = Sharing | int | Groups
"""All or none, a number of engines, or the products of each engine by name."""


@dataclass(frozen=True)
class EngineAssignment:
    """Graph nodes that share one engine, in the order in which they run.

    body: nodes inside the loop, once a layer; tail: nodes after it, once a step with a result
    """

    instance: str
    weights: ElementFormat
    body: tuple[str, ...]
    tail: tuple[str, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.body + self.tail


def share_engines(
    graph: Graph, formats: Mapping[str, ElementFormat], sharing: SharingChoice
) -> tuple[EngineAssignment, ...]:
    """Engines for all matrix products; ``formats``: the weight format of each.

    Assumes  nodes stand in topological order, so contexts that run in that order never wait for a
             later one, whatever engines they share: parameters come in that order, too
    Ensures  every product is on one engine; one engine has one weight format; engines stand in the
             order of their first products
    Chooses  with ``Sharing.ALL`` an engine a weight format, with ``Sharing.NONE`` one a node; with
             a number, that many: each product goes to the engine that has least to do so far, but
             not to the one that the product before it uses; with groups, an engine each, and one
             a weight format for products that no group names
    Raises   ``UserError`` if there cannot be so many engines, a group names no product, one twice,
             or products of two weight formats
    """
    match sharing:
        case int():
            engines = _balanced(graph, formats, sharing)
        case tuple():
            engines = _named(formats, sharing)
        case Sharing.NONE:
            engines = [[name] for name in formats]
        case Sharing.ALL:
            engines = _one_a_format(formats)
    return assignments_of(graph, formats, engines)


def assignments_of(
    graph: Graph, formats: Mapping[str, ElementFormat], engines: Iterable[Sequence[str]]
) -> tuple[EngineAssignment, ...]:
    """Engines in the order of their first products, and the products of each in theirs."""
    order = {name: place for place, name in enumerate(formats)}
    looped = {node.name for node, loop in graph.walk() if loop is not None}
    sorted_ = [sorted(engine, key=order.__getitem__) for engine in engines]
    return tuple(
        EngineAssignment(
            _name(engine, formats),
            formats[engine[0]],
            tuple(name for name in engine if name in looped),
            tuple(name for name in engine if name not in looped),
        )
        for engine in sorted(sorted_, key=lambda engine: order[engine[0]])
    )


def formats_of(graph: Graph, quantization: QuantizationPlan) -> dict[str, ElementFormat]:
    """The weight format of every product, in topological order."""
    found = {}
    for node, _ in graph.walk():
        if node.op.product is not None:
            found[node.name] = quantization.of(node.name, LinearPlan).weights
    return found


def product_of(graph: Graph, name: str) -> MatrixProduct:
    """The matrix product that a node of an engine is."""
    product = graph.node(name).op.product
    if product is None:
        raise InternalError(f"Node {name} must be a matrix product, not {graph.node(name).op.kind}")
    return product


def _name(engine: Sequence[str], formats: Mapping[str, ElementFormat]) -> str:
    """By the weight format where an engine has all products of it, else by the first product."""
    mine = formats[engine[0]]
    whole = sum(f == mine for f in formats.values()) == len(engine)
    alone = all(fmt.bits != mine.bits for fmt in set(formats.values()) - {mine})
    return f"matmul_w{mine.bits}" if whole and alone else f"matmul_{engine[0]}"


def _one_a_format(formats: Mapping[str, ElementFormat]) -> list[list[str]]:
    engines: dict[ElementFormat, list[str]] = {}
    for name, fmt in formats.items():
        engines.setdefault(fmt, []).append(name)
    return list(engines.values())


def _named(
    formats: Mapping[str, ElementFormat], groups: Sequence[Sequence[str]]
) -> list[list[str]]:
    counted = Counter(name for engine in groups for name in engine)
    for name, count in counted.items():
        if name not in formats:
            raise UserError(
                f"Product must be one of {', '.join(formats)}, not {name!r}",
                hint=did_you_mean(name, formats),
            )
        if count > 1:
            raise UserError(f"Product {name} must be on one engine, not named {count} times")
    for engine in groups:
        for name in engine:
            if formats[name] != formats[engine[0]]:
                raise UserError(
                    f"Products of an engine must have one weight format, not {engine[0]} "
                    f"{_described(formats[engine[0]])} and {name} {_described(formats[name])}"
                )
    rest = {name: fmt for name, fmt in formats.items() if name not in counted}
    return [*map(list, groups), *_one_a_format(rest)]


def _balanced(graph: Graph, formats: Mapping[str, ElementFormat], count: int) -> list[list[str]]:
    kinds = list(dict.fromkeys(formats.values()))
    if not len(kinds) <= count <= len(formats):
        raise UserError(
            f"Engines must be at least {len(kinds)} (a weight format each) and at most "
            f"{len(formats)} (a product each), not {count}"
        )
    places = dict.fromkeys(kinds, 1)
    for _ in range(count - len(kinds)):
        # To the format whose engines would have most products each, if it can still use one.
        products = Counter(formats.values())
        open_ = [kind for kind in kinds if places[kind] < products[kind]]
        places[max(open_, key=lambda kind: products[kind] / places[kind])] += 1
    engines: dict[ElementFormat, list[list[str]]] = {
        k: [[] for _ in range(n)] for k, n in places.items()
    }
    work: dict[int, int] = Counter()
    before: list[str] | None = None
    for name, fmt in formats.items():
        product = product_of(graph, name)
        left = sum(f == fmt for f in list(formats.values())[list(formats).index(name) :])
        empty = [e for e in engines[fmt] if not e]
        # The last products go to engines that have none yet.
        among = empty if len(empty) >= left else engines[fmt]
        others = [e for e in among if e is not before] or among
        chosen = min(others, key=lambda e: work[id(e)])
        chosen.append(name)
        work[id(chosen)] += product.inputs * product.outputs
        before = chosen
    return [engine for group in engines.values() for engine in group]


def _described(fmt: ElementFormat) -> str:
    group = "" if fmt.scale_group is None else f" in groups of {fmt.scale_group}"
    return f"with {fmt.bits} bits{group}{' with offsets' if fmt.has_offsets else ''}"
