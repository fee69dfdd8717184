# SPDX-License-Identifier: Apache-2.0
"""A graph with padded rows: the same numbers, with zeros between them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .graph import Graph
from .node import Node, RolledLoop
from .ops.feature_layout import AxisRole, FeatureLayout, RowAxis, finest, plain
from .ops.op import parameter_name

__all__ = ["PaddedGraph", "RowPadding", "padded_graph", "padded_layouts", "row_layouts"]


@dataclass(frozen=True, kw_only=True)
class RowPadding:
    """How far the axes of rows are padded.

    features: rows of features end at a multiple of as many
    channels: so do the channels of a head, or of half of one
    kv_heads: key/value heads that are added, with the query heads that they serve
    """

    features: int = 1
    channels: int = 1
    kv_heads: int = 0

    def extent(self, axis: RowAxis, heads: Mapping[int, int]) -> int:
        """Padded extent of an axis; ``heads``: padded by natural numbers of heads."""
        match axis.role:
            case AxisRole.FEATURES:
                return -(-axis.natural // self.features) * self.features
            case AxisRole.CHANNELS:
                return -(-axis.natural // self.channels) * self.channels
            case AxisRole.HEADS:
                return heads[axis.natural]
            case AxisRole.FIXED:
                return axis.natural


@dataclass(frozen=True, kw_only=True)
class PaddedGraph:
    """A padded graph, and where the elements of its trained tensors come from.

    parameters: of each padded tensor by name, the layouts of its axes; ``None``: an axis as it is
    """

    graph: Graph
    parameters: Mapping[str, tuple[FeatureLayout | None, ...]]


def padded_graph(graph: Graph, padding: RowPadding) -> PaddedGraph:
    """Pads what rows allow.

    Raises   ``ValueError`` if nodes cut one row in different ways, or two of them would pad a
             tensor that they share differently
    """
    layouts = padded_layouts(graph, padding)
    parameters: dict[str, tuple[FeatureLayout | None, ...]] = {}

    def node(old: Node, trips: int) -> Node:
        reads = tuple(layouts.get(name, plain(1)) for name in old.inputs)
        made = old.op.padded(reads, layouts.get(old.name, plain(1)))
        for parameter, wanted in zip(old.op.parameters, made.parameters, strict=True):
            axes = tuple(axis if axis is not None and axis.is_padded else None for axis in wanted)
            for layer in range(trips):
                name = parameter_name(parameter.name, layer)
                if parameters.setdefault(name, axes) != axes:
                    raise ValueError(f"Parameter {name} must be padded in one way, not two")
        return replace(old, op=made.op)

    nodes = tuple(
        replace(item, body=tuple(node(inner, item.trips) for inner in item.body))
        if isinstance(item, RolledLoop)
        else node(item, 1)
        for item in graph.nodes
    )
    used = {name: axes for name, axes in parameters.items() if any(axes)}
    return PaddedGraph(graph=replace(graph, nodes=nodes), parameters=used)


def row_layouts(graph: Graph) -> dict[str, FeatureLayout]:
    """How the rows of all values are cut, before padding; values that are no rows are left out.

    Raises   ``ValueError`` if nodes cut one row in different ways
    """
    sets = _SameRows(graph)
    found: dict[str, list[FeatureLayout]] = {}
    for name, shape in graph.shapes.items():
        if len(shape) > 1:
            size = shape[-1]
            assert isinstance(size, int)
            found.setdefault(sets.root(name), []).append(plain(size))
    wholes: list[tuple[str, str, int]] = []
    for node, _ in graph.walk():
        use = node.op.row_use(tuple(graph.shapes[name] for name in node.inputs))
        for name, cut in (*zip(node.inputs, use.reads, strict=True), (node.name, use.gives)):
            if cut is not None:
                found[sets.root(name)].append(cut)
        if (part := node.op.row_part) is not None:
            wholes.append((sets.root(node.inputs[0]), sets.root(node.name), part.parts))
    chosen = {root: finest(cuts) for root, cuts in found.items()}
    for whole, piece, parts in wholes:
        chosen[whole] = finest([chosen[whole], chosen[piece].repeated(parts)])
    return {name: chosen[sets.root(name)] for name, shape in graph.shapes.items() if len(shape) > 1}


def padded_layouts(graph: Graph, padding: RowPadding) -> dict[str, FeatureLayout]:
    """How the rows of all values are cut and padded; raises as ``row_layouts``."""
    layouts = row_layouts(graph)
    heads = _padded_heads(layouts, padding.kv_heads, graph)

    def extended(layout: FeatureLayout) -> FeatureLayout:
        return FeatureLayout(
            tuple(replace(axis, padded=padding.extent(axis, heads)) for axis in layout.axes)
        )

    return {name: extended(layout) for name, layout in layouts.items()}


def _padded_heads(layouts: Mapping[str, FeatureLayout], added: int, graph: Graph) -> dict[int, int]:
    """Padded numbers of heads by natural ones: where a node reads rows of fewer heads than others,
    each of the few serves as many of the others as before."""
    natural = {
        axis.natural
        for layout in layouts.values()
        for axis in layout.axes
        if axis.role is AxisRole.HEADS
    }
    found = {heads: {heads} for heads in natural} if added == 0 else {n: set() for n in natural}
    for node, _ in graph.walk():
        cuts = [layouts[name].axes for name in node.inputs if name in layouts]
        heads = [a.natural for axes in cuts for a in axes if a.role is AxisRole.HEADS]
        for count in heads if len(heads) > 2 and added else ():
            found[count].add(count // min(heads) * (min(heads) + added))
    for count, padded in found.items():
        if len(padded) > 1:
            raise ValueError(f"Rows of {count} heads must be padded in one way, not two")
    return {count: next(iter(padded), count) for count, padded in found.items()}


class _SameRows:
    """Which values have rows that lie alike."""

    def __init__(self, graph: Graph):
        self._above: dict[str, str] = {}
        parts: dict[str, str] = {}
        for node, _ in graph.walk():
            use = node.op.row_use(tuple(graph.shapes[name] for name in node.inputs))
            for index in use.same:
                self._join(node.name, node.inputs[index])
            if node.op.row_part is not None:
                # All parts of one value lie alike.
                self._join(node.name, parts.setdefault(node.inputs[0], node.name))
        for loop in graph.loops:
            for name in (loop.source, loop.carried, loop.result):
                self._join(loop.name, name)

    def root(self, name: str) -> str:
        """The value that stands for all whose rows lie as that one's."""
        while name in self._above:
            name = self._above[name]
        return name

    def _join(self, a: str, b: str) -> None:
        first, second = self.root(a), self.root(b)
        if first != second:
            self._above[first] = second
