# SPDX-License-Identifier: Apache-2.0
"""Binding: which matrix products share one engine in time."""

from dataclasses import dataclass

from ..graph import Graph, Linear
from ..numerics.quantised import LinearPlan, QuantisedModel
from .config import Sharing

__all__ = ["Binding", "bind"]


@dataclass(frozen=True)
class Binding:
    """Graph nodes that share one engine, in the order in which they run.

    body: nodes inside the loop, once a layer; tail: nodes after it, once a step with a result
    """

    instance: str
    weight_bits: int
    group: int | None
    body: tuple[str, ...]
    tail: tuple[str, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.body + self.tail


def bind(graph: Graph, quantised: QuantisedModel, sharing: Sharing) -> tuple[Binding, ...]:
    """Engines for all ``Linear`` nodes.

    Assumes  nodes stand in topological order, so contexts that run in that order never wait for a
             later one
    Ensures  every ``Linear`` is bound once; one engine has one weight format
    Chooses  with ``Sharing.ALL`` an engine a weight format, with ``Sharing.NONE`` one a node
    """
    found: dict[tuple[int, int | None, str], tuple[list[str], list[str]]] = {}
    for node, loop in graph.walk():
        if isinstance(node.op, Linear):
            plan = quantised.plans[node.name]
            assert isinstance(plan, LinearPlan)
            own = node.name if sharing is Sharing.NONE else ""
            body, tail = found.setdefault((plan.weight_bits, plan.group, own), ([], []))
            (tail if loop is None else body).append(node.name)
    return tuple(
        Binding(f"matmul_{own or f'w{bits}'}", bits, group, tuple(body), tuple(tail))
        for (bits, group, own), (body, tail) in found.items()
    )
