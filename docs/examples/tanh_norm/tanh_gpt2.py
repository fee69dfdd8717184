# SPDX-License-Identifier: Apache-2.0
"""GPT-2 with that norm in place of layer norm: directories whose model_type is ``tanh_gpt2``."""

from dataclasses import replace

from tanh_norm import TanhNorm

from streamhw.frontend.gpt2 import Gpt2Config, Gpt2Family
from streamhw.graph import Graph, LayerNorm, Node, RolledLoop


class TanhGpt2Family(Gpt2Family):
    """GPT-2 with that norm in place of layer norm."""

    model_types = ("tanh_gpt2",)

    def graph(self, name: str, config: Gpt2Config) -> Graph:
        def swap(node: Node) -> Node:
            if not isinstance(node.op, LayerNorm):
                return node
            op = TanhNorm(alpha=0.5, weight=node.op.weight, features=node.op.features)
            return replace(node, op=op)

        graph = super().graph(name, config)
        return replace(
            graph,
            nodes=tuple(
                replace(n, body=tuple(map(swap, n.body))) if isinstance(n, RolledLoop) else swap(n)
                for n in graph.nodes
            ),
        )


FAMILY = TanhGpt2Family()
