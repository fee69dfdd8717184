# SPDX-License-Identifier: Apache-2.0
"""Graphs of a tiny and a real size, and all their products on one engine."""

from streamhw.compiler.mapping.engine_sharing import EngineAssignment
from streamhw.frontend.gpt2 import Gpt2Config
from streamhw.graph import Graph, Linear
from streamhw.numerics.element_format import integer_format

TINY = Gpt2Config(layers=2, features=32, heads=2, vocabulary=60, context=32, hidden=64)
GPT2 = Gpt2Config(layers=12, features=768, heads=12, vocabulary=50257, context=1024, hidden=3072)


def ops(graph: Graph, kind: type) -> list:
    return [node.op for node, _ in graph.walk() if isinstance(node.op, kind)]


def one_engine(graph: Graph, bits: int, group: int | None) -> list[EngineAssignment]:
    """All products on one engine."""
    names = [(n.name, loop) for n, loop in graph.walk() if isinstance(n.op, Linear)]
    body = tuple(name for name, loop in names if loop is not None)
    tail = tuple(name for name, loop in names if loop is None)
    return [EngineAssignment("e", integer_format(bits, group), body, tail)]
