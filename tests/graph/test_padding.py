# SPDX-License-Identifier: Apache-2.0
"""Padded graphs compute the same numbers, whatever is padded how far."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamhw.frontend.decoder import DecoderConfig, decoder_graph
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.graph import (
    Activation,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    Linear,
    Node,
    RmsNorm,
)
from streamhw.graph.float_reference import forward
from streamhw.graph.padding import RowPadding, padded_graph, row_layouts

SMALL = st.integers(1, 9)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Models of both kinds, of any small shape."""
    layers, vocabulary = draw(st.integers(1, 2)), draw(st.integers(1, 20))
    if draw(st.booleans()):
        heads, head_dim = draw(st.integers(1, 4)), draw(SMALL)
        return gpt2_graph(
            "gpt",
            Gpt2Config(
                layers=layers,
                features=heads * head_dim,
                heads=heads,
                vocabulary=vocabulary,
                context=8,
                hidden=draw(SMALL),
                tied=draw(st.booleans()),
            ),
        )
    kv_heads = draw(st.integers(1, 3))
    return decoder_graph(
        "decoder",
        DecoderConfig(
            layers=layers,
            features=draw(SMALL),
            hidden=draw(SMALL),
            heads=kv_heads * draw(st.integers(1, 3)),
            kv_heads=kv_heads,
            head_dim=2 * draw(SMALL),
            vocabulary=vocabulary,
            context=8,
            bases=draw(st.sampled_from([(1e4,), (1e4, 1e6)])),
            tied=draw(st.booleans()),
            projection_bias=draw(st.booleans()),
            head_norms=draw(st.booleans()),
            outer_norms=draw(st.booleans()),
        ),
    )


PADDINGS = st.builds(
    RowPadding,
    features=st.sampled_from([1, 3, 4, 8]),
    channels=st.sampled_from([1, 3, 4, 8]),
    kv_heads=st.integers(0, 3),
)


@settings(deadline=None)
@given(graphs(), PADDINGS, st.integers(0, 2**32))
def test_a_padded_graph_computes_the_same(graph: Graph, padding: RowPadding, seed: int) -> None:
    rng = np.random.default_rng(seed)
    padded = padded_graph(graph, padding)
    weights, more = {}, {}
    for parameter in graph.parameters():
        values = rng.normal(0, 0.3, parameter.shape).astype(np.float32)
        weights[parameter.name] = more[parameter.name] = values
        for axis, layout in enumerate(padded.parameters.get(parameter.name, ())):
            if layout is not None:
                more[parameter.name] = layout.pad(more[parameter.name], axis)
    shapes = {p.name: p.shape for p in padded.graph.parameters()}
    assert shapes == {name: values.shape for name, values in more.items()}
    tokens = rng.integers(graph.vocabulary, size=(2, 5))
    natural = forward(graph, weights, tokens, all_rows=True)["logits"]
    result = forward(padded.graph, more, tokens, all_rows=True)["logits"]
    np.testing.assert_allclose(result, natural, rtol=2e-3, atol=2e-4)


@given(graphs())
def test_nothing_is_padded_if_nothing_has_to(graph: Graph) -> None:
    padded = padded_graph(graph, RowPadding())
    assert padded.graph == graph
    assert not padded.parameters


def test_sizes_are_multiples() -> None:
    config = DecoderConfig(
        layers=1, features=21, hidden=13, heads=6, kv_heads=3, head_dim=10, vocabulary=33, context=8
    )
    padded = padded_graph(
        decoder_graph("d", config), RowPadding(features=8, channels=4, kv_heads=1)
    )
    attention = cast(Attention, padded.graph.node("attention").op)
    # Halves of 5 channels become 6 and 8 of 4; a key/value head serves two query heads as before.
    assert (attention.heads, attention.kv_heads, attention.head_dim) == (8, 4, 16)
    assert attention.factor == 10**-0.5
    assert padded.graph.shapes["x"][-1] == 24
    assert padded.graph.shapes["gated"][-1] == 16
    assert padded.graph.shapes["logits"][-1] == 33


def test_rows_are_cut_by_whoever_cuts_them_most() -> None:
    config = Gpt2Config(layers=1, features=12, heads=2, vocabulary=5, context=4, hidden=7)
    cuts = {
        name: [axis.natural for axis in layout.axes]
        for name, layout in row_layouts(gpt2_graph("g", config)).items()
    }
    assert cuts["qkv"] == [3, 2, 2, 3]
    assert cuts["attention"] == [2, 2, 3]
    assert cuts["residual_2"] == [12]


def test_rows_that_an_unknown_kind_reads_stay() -> None:
    """A layer kind that says nothing of padding sees the rows of its own sizes."""

    class Own(Activation):
        row_use = Activation.__mro__[1].row_use  # what a kind of a package has

    nodes = (
        Node("ids", Input(role="tokens")),
        Node("e", Gather(table="t", rows=4, features=5), ("ids",)),
        Node("own", Own(function="silu"), ("e",)),
        Node("y", Linear(inputs=5, outputs=3, weight="w"), ("own",)),
    )
    padded = padded_graph(
        Graph(name="g", context=4, vocabulary=4, nodes=nodes), RowPadding(features=8)
    )
    assert padded.graph.shapes["own"] == ("n", 5)
    assert padded.graph.shapes["y"] == ("n", 8)


def test_a_row_that_is_cut_in_two_ways_is_refused() -> None:
    norm = {"epsilon": 1e-6, "weight": "g"}
    nodes = (
        Node("ids", Input(role="tokens")),
        Node("e", Gather(table="t", rows=4, features=12), ("ids",)),
        Node("a", RmsNorm(features=6, heads=2, **norm), ("e",)),
        Node("b", RmsNorm(features=4, heads=3, epsilon=1e-6, weight="h"), ("a",)),
        Node("c", Chunk(index=0, parts=2), ("b",)),
    )
    with pytest.raises(ValueError, match="A row of 12 features must be cut in one way, not two"):
        padded_graph(Graph(name="g", context=4, vocabulary=4, nodes=nodes), RowPadding())
