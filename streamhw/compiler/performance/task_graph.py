# SPDX-License-Identifier: Apache-2.0
"""The parts of a design as tasks, and the streams between them."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import networkx as nx

from ...stream.control.scope import Scope
from ...stream.itensor.itensor import SymbolValues
from ...stream.spec import Direction, Port, Role
from ..ir.levels import Netlist
from ..ir.netlist import Channel, End
from .assumptions import Assumptions
from .engine_task import OPERAND, EngineTasks
from .first_token import first_token, writer_order
from .memoized import beats_of
from .part_task import part_task
from .timeline import Task, TaskLink, Timeline

__all__ = ["CARRIED", "Tasks"]

CARRIED = "carried"
"""The task that stands for what enters the loop: the embedding, or the layer before."""
FROM_OUTSIDE = frozenset({Role.TOKEN, Role.LOOP_BACK, Role.LOOP_EXIT})
"""What another invocation, or the sequencer, sends."""


class Tasks:
    """The timelines of a design."""

    def __init__(self, design: Netlist, assumptions: Assumptions):
        self.design, self.assumptions = design, assumptions
        self._instances = {i.name: i for i in design.instances}
        self._engines = EngineTasks(design, assumptions)

    def timeline(self, scope: Scope) -> Timeline:
        """The tasks of an invocation, and the streams between them."""
        stored = {f"{node}{OPERAND}": node for node in self._products(scope)}
        products = set(stored.values())
        links = (*self._links(scope), *self._stored(scope))
        order = nx.DiGraph()
        for link in links:
            order.add_edge(link.source, link.sink)
        # Products that do not need each other's results still run in the order of their engine,
        # which lets their operands in one after the other, too.
        for assignment in self.design.assignments:
            operands = [f"{node}{OPERAND}" for node in assignment.nodes]
            order.add_edges_from(
                pair
                for nodes in (assignment.nodes, operands)
                for pair in pairwise(nodes)
                if order.nodes.keys() >= set(pair)
            )

        def task(name: str) -> Task:
            if name in stored:
                return self._engines.operand(stored[name])
            if name in products:
                return self._engines.compute(name)
            return part_task(self.design, self.assumptions, self._instances[name])

        names = [n for n in nx.lexicographical_topological_sort(order) if n != CARRIED]
        return Timeline(tuple(task(name) for name in names), links)

    def _products(self, scope: Scope) -> Iterator[str]:
        """The products of shared engines in an invocation."""
        for assignment in self.design.assignments:
            if scope is Scope.BODY:
                yield from assignment.body
            elif scope is Scope.TAIL:
                yield from assignment.tail

    def _links(self, scope: Scope) -> Iterator[TaskLink]:
        for channel in self.design.channels:
            if channel.value is None or channel.scope is not scope:
                continue
            source, sink = self._port(channel.source), self._port(channel.sink)
            if sink.role in (Role.LOOP_ENTRY, Role.NEXT_TOKEN):
                continue
            outside = source.role in FROM_OUTSIDE or sink.role is Role.LOOP_BACK
            share, shares = self._share(channel)
            yield TaskLink(
                name=channel.name,
                source=CARRIED if outside else source.context or channel.source.instance,
                sink=f"{sink.context}{OPERAND}" if sink.context else channel.sink.instance,
                beats=beats_of(channel.consumed),
                first_token=self._first_token(channel) if sink.role is Role.WRITTEN else None,
                bits=channel.consumed.beat_bits,
                part=share,
                parts=shares,
                fifo_latency=self.assumptions.queue_latency[channel.name],
            )

    def _first_token(self, channel: Channel) -> Callable[[SymbolValues], float] | None:
        """When a part that writes rows tells of the first, if another is told of each. A program
        for depths has one event for all of them: what is read early may as well wait in memory."""
        reader = self._instances[channel.sink.instance].part.behaviour().memory
        if not (reader.by_token and self.assumptions.bounded):
            return None
        writer = self._instances[channel.source.instance]
        return partial(first_token, writer_order(self.design, writer))

    def _stored(self, scope: Scope) -> Iterator[TaskLink]:
        """From the operand of each context to its work: it waits in the engine, in no FIFO."""
        for node in self._products(scope):
            yield TaskLink(
                name=f"{node}{OPERAND}",
                source=f"{node}{OPERAND}",
                sink=node,
                beats=self._engines.context_of(node).operand.beats,
                bits=0,
                inside=True,
            )

    def _port(self, end: End) -> Port:
        return self._instances[end.instance].port(end.port)

    def _share(self, channel: Channel) -> tuple[int, int]:
        """Which share of its source's output time a stream takes, of how many."""
        part = self._instances[channel.source.instance].part
        if not part.behaviour().shares:
            return 0, 1
        names = [port.name for port in part.ports if port.direction is Direction.OUTPUT]
        return names.index(channel.source.port), len(names)
