# SPDX-License-Identifier: Apache-2.0
"""Shares of padding are those of the elements that are zeros."""

from dataclasses import dataclass
from typing import cast

from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import Graph
from streamhw.graph.padding import RowPadding, padded_graph
from streamhw.quantization.plan import QuantizationPlan
from streamhw.report.padding import padding_shares


@dataclass(frozen=True)
class Plan:
    """The part of a plan that is read."""

    natural: Graph
    graph: Graph


def test_shares_of_padding() -> None:
    config = Gpt2Config(layers=3, features=6, heads=2, vocabulary=10, context=4, hidden=12)
    graph = gpt2_graph("g", config)
    padded = padded_graph(graph, RowPadding(features=8, channels=4)).graph
    shares = padding_shares(cast(QuantizationPlan, Plan(graph, padded)))
    # Odd heads of 3 become 4, so that queries, keys and values of 6 become 8.
    natural = 3 * (6 * 18 + 6 * 6 + 2 * 6 * 12) + 6 * 10
    assert shares.weights == 1 - natural / (3 * (8 * 24 + 8 * 8 + 2 * 8 * 16) + 8 * 10)
    assert shares.cache == shares.tables == 0.25
    assert str(shares) == f"{shares.weights:.1%} of weights, 25.0% of keys and values, " + (
        "25.0% of tables"
    )
    assert str(padding_shares(cast(QuantizationPlan, Plan(graph, graph)))) == ""
