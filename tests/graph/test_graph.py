# SPDX-License-Identifier: Apache-2.0
"""The graph's verifier, its queries and its text form."""

import re
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.graph import (
    Activation,
    Add,
    Angles,
    ArgMax,
    Attention,
    Chunk,
    Gather,
    Graph,
    Input,
    LastToken,
    LayerNorm,
    Linear,
    Multiply,
    Node,
    RmsNorm,
    RolledLoop,
    Rotary,
    parse_graph,
    print_graph,
)
from streamhw.numerics.functions import BUILT_IN

TOKENS = Node("tokens", Input(role="tokens"))
TABLE = Node("x0", Gather(table="wte", rows=16, features=4), ("tokens",))


def tiny(*extra: Node | RolledLoop) -> Graph:
    return Graph(name="tiny", context=8, vocabulary=16, nodes=(TOKENS, TABLE, *extra))


def block(**changes: object) -> RolledLoop:
    norm = LayerNorm(features=4, epsilon=1e-5, weight="h.{layer}.g", bias="h.{layer}.b")
    body = (Node("norm", norm, ("x",)), Node("x1", Add(), ("x", "norm")))
    loop = RolledLoop(name="blocks", trips=2, source="x0", carried="x", body=body, result="x1")
    return replace(loop, **changes)  # type: ignore[arg-type]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A random chain of layers of all kinds, part of it in a loop."""
    heads, dim = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    width = heads * dim
    vocabulary = draw(st.integers(1, 99))
    count = 0

    def chain(source: str, prefix: str) -> list[Node]:
        nonlocal count
        nodes: list[Node] = []

        def add(op, *inputs: str) -> str:
            nonlocal count
            count += 1
            nodes.append(Node(f"v{count}", op, inputs))
            return f"v{count}"

        value = source
        for kind in draw(
            st.lists(st.sampled_from(["norm", "rms", "gate", "act", "mlp", "attn"]), max_size=4)
        ):
            if kind == "norm":
                epsilon = draw(st.floats(1e-9, 1.0))
                op = LayerNorm(
                    features=width, epsilon=epsilon, weight=f"{prefix}g", bias=f"{prefix}b"
                )
                value = add(op, value)
            elif kind == "rms":
                op = RmsNorm(features=dim, heads=heads, epsilon=1e-6, weight=f"{prefix}r")
                value = add(op, value)
            elif kind == "gate":
                value = add(Multiply(), value, value)
            elif kind == "act":
                value = add(Activation(function=draw(st.sampled_from(list(BUILT_IN)))), value)
            else:
                fused = add(
                    Linear(
                        inputs=width,
                        outputs=3 * width,
                        weight=f"{prefix}w{count}",
                        bias=draw(st.sampled_from([None, f"{prefix}c{count}"])),
                        transposed=draw(st.booleans()),
                    ),
                    value,
                )
                parts = [add(Chunk(index=i, parts=3), fused) for i in range(3)]
                if kind == "attn":
                    op = Attention(
                        heads=heads, kv_heads=heads, head_dim=dim, causal=draw(st.booleans())
                    )
                    value = add(op, *parts)
                else:
                    value = add(Add(), add(Add(), parts[0], parts[1]), parts[2])
        return nodes

    start: list[Node | RolledLoop] = [
        Node("ids", Input(role="tokens")),
        Node("e", Gather(table="table", rows=vocabulary, features=width), ("ids",)),
    ]
    nodes = start + list(chain("e", ""))
    body = chain("carried", "h.{layer}.") or [Node("twice", Add(), ("carried", "carried"))]
    nodes.append(
        RolledLoop(
            name="loop",
            trips=draw(st.integers(1, 9)),
            source=nodes[-1].name,
            carried="carried",
            body=tuple(body),
            result=body[-1].name,
        )
    )
    nodes += [
        Node("last", LastToken(), ("loop",)),
        Node("head", Linear(inputs=width, outputs=vocabulary, weight="table"), ("last",)),
        Node("next", ArgMax(classes=vocabulary), ("head",)),
    ]
    return Graph(
        name="g", context=draw(st.integers(1, 99)), vocabulary=vocabulary, nodes=tuple(nodes)
    )


@given(graphs())
def test_text_form_parses_back_to_an_equal_graph(graph: Graph) -> None:
    text = print_graph(graph)
    assert parse_graph(text) == graph
    assert len(text.splitlines()) == 1 + len(list(graph.walk())) + 2 * len(graph.loops)


def test_shapes_and_queries() -> None:
    graph = tiny(block(), Node("last", LastToken(), ("blocks",)))
    assert graph.shapes["blocks"] == ("n", 4)
    assert graph.shapes["last"] == (1, 4)
    assert graph.result == "last"
    assert graph.input("tokens") == "tokens" and graph.input("positions") is None
    assert [p.name for p in graph.parameters()] == ["wte", "h.0.g", "h.0.b", "h.1.g", "h.1.b"]
    assert [node.name for node in graph.readers("x")] == ["norm", "x1"]
    assert graph.loop_of("norm") is graph.loops[0] and graph.loop_of("last") is None
    with pytest.raises(KeyError, match="Graph tiny has no node 'nothing'"):
        graph.node("nothing")
    with pytest.raises(FrozenInstanceError):
        graph.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((Node("y", Add(), ("x0", "z")),), "Node y reads z, which no earlier node defines"),
        ((Node("y", Add(), ("x0",)),), "Node y: Add must read 2 values, not 1"),
        ((Node("x0", LastToken(), ("x0",)),), "Value x0 must be defined once, not twice"),
        ((Node("a b", LastToken(), ("x0",)),), "Value name must be an identifier, not 'a b'"),
        (
            (Node("y", Linear(inputs=5, outputs=2, weight="w"), ("x0",)),),
            "Node y: Linear input must have shape [rows, 5], not [n, 4]",
        ),
        (
            (Node("y", Linear(inputs=4, outputs=2, weight="{layer}.w"), ("x0",)),),
            "Node y: parameter name must not contain {layer} outside a loop, not '{layer}.w'",
        ),
        (
            (Node("y", Chunk(index=0, parts=3), ("x0",)),),
            "Node y: Chunk parts must divide the features, not 3 | 4",
        ),
        (
            (Node("y", Attention(heads=1, kv_heads=1, head_dim=2), ("x0", "x0", "x0")),),
            "Node y: Attention queries must be [n, 2], not [n, 4]",
        ),
        (
            (Node("y", LastToken(), ("x0",)), Node("z", LastToken(), ("x0",))),
            "Value y must be read by some node, or be the last",
        ),
        (
            (
                Node("y", Linear(inputs=4, outputs=2, weight="w"), ("x0",)),
                Node("z", Multiply(), ("x0", "y")),
            ),
            "Node z: Multiply inputs must have one shape, not [n, 4] and [n, 2]",
        ),
        (
            (Node("y", RmsNorm(features=3, heads=2, epsilon=1e-6, weight="w"), ("x0",)),),
            "Node y: RmsNorm input must have shape [rows, 6], not [n, 4]",
        ),
        (
            (
                Node("a", Angles(features=4, bases=(10000.0,)), ("tokens",)),
                Node("y", Rotary(heads=2, head_dim=2), ("x0", "a")),
            ),
            "Node y: Rotary angles must be [n, 2], not [n, 4]",
        ),
        ((block(trips=0),), "Loop blocks trips must be positive, not 0"),
        ((block(result="x0"),), "Loop blocks must yield a value of its body, not x0"),
        (
            (block(), Node("y", LastToken(), ("norm",))),
            "Node y reads norm, which is inside a loop",
        ),
        (
            (block(body=(Node("x1", LastToken(), ("x",)),)),),
            "Loop blocks must yield the shape that enters, [n, 4], not [1, 4]",
        ),
    ],
)
def test_faults_are_named(nodes: tuple[Node | RolledLoop, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tiny(*nodes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Activation(function="sine"),
            "Function must be one of gelu_tanh, gelu_erf, silu, relu, not 'sine'",
        ),
        (lambda: Chunk(index=3, parts=3), "Chunk index must be 0 to 2, not 3"),
        (
            lambda: Attention(heads=3, kv_heads=2, head_dim=1),
            "Attention kv_heads must divide heads, not 2 | 3",
        ),
        (
            lambda: Attention(heads=2, kv_heads=2, head_dim=1, windows=(None, 0)),
            "Attention windows must be at least 1, not (None, 0)",
        ),
        (
            lambda: Attention(heads=2, kv_heads=2, head_dim=1, windows=(3,), causal=False),
            "Attention with windows must be causal, not over all positions",
        ),
        (
            lambda: LayerNorm(features=1, epsilon=0.0, weight="g", bias="b"),
            "LayerNorm epsilon must be positive, not 0.0",
        ),
        (
            lambda: RmsNorm(features=1, epsilon=0.0, weight="g"),
            "RmsNorm epsilon must be positive, not 0.0",
        ),
        (lambda: Angles(features=3, bases=(1e4,)), "Angles features must be even, not 3"),
        (lambda: Angles(features=2, bases=(1.0,)), "Angles bases must be above 1, not (1.0,)"),
        (
            lambda: Angles(features=2, bases=(2.0,), scalings=((0.5, 0.0, 0.0),)),
            "Angles scalings must have a factor of at least 1 and two wavelengths in order, or "
            "twice 0, not (0.5, 0.0, 0.0)",
        ),
        (
            lambda: Angles(features=2, bases=(2.0,), scalings=((2.0, 3.0, 5.0, 2.0),)),
            "Angles scalings must have an amplitude above 0 and below 2 with wavelengths in order, "
            "not (2.0, 3.0, 5.0, 2.0)",
        ),
        (
            lambda: Angles(features=2, bases=(2.0,), scalings=((2.0, 0.0, 5.0),)),
            "Angles scalings must have a factor of at least 1 and two wavelengths in order, or "
            "twice 0, not (2.0, 0.0, 5.0)",
        ),
        (lambda: Rotary(heads=0, head_dim=2), "Rotary heads must be positive, not 0"),
        (
            lambda: Gather(table="t", rows=1, features=1, scale=0.0),
            "Gather scale must be positive, not 0.0",
        ),
        (lambda: Input(role="mask"), "Input role must be 'tokens' or 'positions', not 'mask'"),
        (
            lambda: Graph(name="a b", context=1, vocabulary=1, nodes=(TOKENS,)),
            "Graph name must be one word, not 'a b'",
        ),
    ],
)
def test_attributes_are_checked(make, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("graph tiny", "tiny", "Text form must begin with 'graph NAME context=N vocabulary=N'"),
        ("[1, 4]", "[1, 5]", "Line 8: shape of last must be [1, 4], not [1, 5]"),
        ("LastToken", "First", "Line 8: layer kind must be known, not First"),
        ("yield x1", "return x1", "Line 7 must be a node, a loop or a yield, not 'return x1'"),
    ],
)
def test_text_faults_name_the_line(old: str, new: str, message: str) -> None:
    text = print_graph(tiny(block(), Node("last", LastToken(), ("blocks",))))
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_graph(text.replace(old, new))
