# SPDX-License-Identifier: Apache-2.0
"""Layered drawings of random graphs: nothing overlaps, everything goes down."""

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamhw.report.html.layout import DrawnNode, lay_out


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[DrawnNode], list[tuple[str, str]]]:
    count = draw(st.integers(1, 14))
    sizes = st.tuples(st.integers(10, 200), st.integers(10, 40))
    nodes = [DrawnNode(f"n{i}", *map(float, draw(sizes))) for i in range(count)]
    pairs = list(combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=2 * count)) if pairs else []
    return nodes, [(f"n{a}", f"n{b}") for a, b in chosen]


@settings(max_examples=100, deadline=None)
@given(drawings())
def test_nothing_overlaps(drawing: tuple[list[DrawnNode], list[tuple[str, str]]]) -> None:
    nodes, edges = drawing
    layout = lay_out(nodes, edges)
    boxes = {}
    for node in nodes:
        x, y = layout.centres[node.name]
        boxes[node.name] = (x - node.width / 2, x + node.width / 2,
                            y - node.height / 2, y + node.height / 2)  # fmt: skip
        assert boxes[node.name][0] >= -0.2 and boxes[node.name][1] <= layout.width + 0.2
        assert boxes[node.name][2] >= -0.2 and boxes[node.name][3] <= layout.height + 0.2
    for a, b in combinations(boxes.values(), 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
    for edge in edges:
        ends = [layout.centres[name] for name in edge]
        ys = [ends[0][1], *(y for _, y in layout.bends[edge]), ends[1][1]]
        assert ys == sorted(set(ys))
        for x, y in layout.bends[edge]:
            inside = [b for b in boxes.values() if b[0] < x < b[1] and b[2] < y < b[3]]
            assert not inside


def test_a_chain_is_straight() -> None:
    nodes = [DrawnNode(name, 20.0 + 10 * i, 20.0) for i, name in enumerate("abcd")]
    layout = lay_out(nodes, [("a", "b"), ("b", "c"), ("c", "d")])
    assert len({x for x, _ in layout.centres.values()}) == 1


def test_crossings_are_undone() -> None:
    nodes = [DrawnNode(name, 20.0, 20.0) for name in "abcd"]
    layout = lay_out(nodes, [("a", "d"), ("b", "c")])
    x = {name: at for name, (at, _) in layout.centres.items()}
    assert (x["a"] < x["b"]) == (x["d"] < x["c"])


def test_a_cycle_is_refused() -> None:
    nodes = [DrawnNode(name, 20.0, 20.0) for name in "ab"]
    with pytest.raises(nx.NetworkXUnfeasible):
        lay_out(nodes, [("a", "b"), ("b", "a")])
