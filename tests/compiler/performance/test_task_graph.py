# SPDX-License-Identifier: Apache-2.0
"""The tasks of a design: each part of a scope works in that scope's timeline."""

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PartitionedNetlist, PlacedNetlist
from streamhw.compiler.performance.assumptions import before_sizing, of_placed
from streamhw.compiler.performance.engine_task import OPERAND
from streamhw.compiler.performance.task_graph import Tasks
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from streamhw.stream.control.scope import Scope
from tests.tiny import tiny_decoder


def test_a_timeline_has_the_tasks_of_its_scope(design: PlacedNetlist) -> None:
    tasks = Tasks(design, of_placed(design))
    names = {scope: {task.name for task in tasks.timeline(scope).tasks} for scope in Scope if
             scope is not Scope.SHARED}  # fmt: skip
    assert all(names.values())
    (assignment,) = design.assignments
    inside = [n for n in assignment.nodes if any(n in name for name in names[Scope.BODY])]
    assert len(inside) >= 4


def test_links_join_tasks_of_the_timeline(design: PlacedNetlist) -> None:
    timeline = Tasks(design, of_placed(design)).timeline(Scope.BODY)
    names = {task.name for task in timeline.tasks}
    ends = {end for link in timeline.links for end in (link.source, link.sink)}
    assert len(ends & names) > len(names) // 2


def test_only_a_reader_of_the_cache_is_told_of_each_token(design: PlacedNetlist) -> None:
    timeline = Tasks(design, of_placed(design)).timeline(Scope.BODY)
    told = [link for link in timeline.links if link.first_token is not None]
    assert len(told) == 2
    for link in told:
        begin, end = link.passing({"tokens": 4, "length": (1, 2, 3, 4)})
        assert 0 <= begin < end == 1
        assert link.passing({"tokens": 1, "length": (4,)}) == (1, 1)


def test_operands_come_in_the_order_of_their_engine() -> None:
    """Keys stand before queries in the alphabet, not on the engine: depths made for the wrong order
    have let designs hang."""
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
    built = compile_model(tiny_decoder(), load_board("sim"), config, stop="partition")
    assert isinstance(built, PartitionedNetlist)
    (assignment,) = built.assignments
    timeline = Tasks(built, before_sizing(built)).timeline(Scope.BODY)
    for ending in ("", OPERAND):
        names = [f"{node}{ending}" for node in assignment.body]
        assert [task.name for task in timeline.tasks if task.name in names] == names
