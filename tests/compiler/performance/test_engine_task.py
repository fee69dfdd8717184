# SPDX-License-Identifier: Apache-2.0
"""The tasks of a shared engine: an operand that is stored, and a product that takes parameters."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.assumptions import of_placed
from streamhw.compiler.performance.engine_task import (
    OPERAND,
    EngineTasks,
    NarrowedBeats,
    cycles_through_demux,
)

VALUES = {"tokens": 2, "length": (3, 4)}


def test_each_product_has_an_operand_and_a_product(design: PlacedNetlist) -> None:
    (assignment,) = design.assignments
    tasks = EngineTasks(design, of_placed(design))
    for node in assignment.nodes:
        context = tasks.context_of(node)
        operand, compute = tasks.operand(node), tasks.compute(node)
        assert operand.name == f"{node}{OPERAND}" and compute.name == node
        assert compute.resource == assignment.instance != operand.resource
        assert operand.timing(VALUES).interval == context.operand.beats(VALUES)


def test_demand_is_what_memory_holds_for_the_product(design: PlacedNetlist) -> None:
    (assignment,) = design.assignments
    tasks = EngineTasks(design, of_placed(design))
    segments = {s.node: s for s in (*design.memory.body, *design.memory.tail)}
    for node in assignment.nodes:
        task = tasks.compute(node)
        assert task.demand == segments[node].beats
        assert 0 < task.first <= task.ahead
        assert task.first <= task.demand


def test_an_operand_is_held_until_the_last_tile(design: PlacedNetlist) -> None:
    (assignment,) = design.assignments
    tasks = EngineTasks(design, of_placed(design))
    for node in assignment.nodes:
        context, task = tasks.context_of(node), tasks.operand(node)
        passes = context.passes(VALUES)
        assert task.timing(VALUES).drain == 1 + (context.tiles - 1) * context.words * passes


def test_results_of_all_tiles_leave_one_a_cycle(design: PlacedNetlist) -> None:
    (assignment,) = design.assignments
    tasks = EngineTasks(design, of_placed(design))
    for node in assignment.nodes:
        context = tasks.context_of(node)
        assert tasks.compute(node).give(VALUES) == context.tiles * context.results(VALUES)


def test_parameters_behind_one_cutter_wait_for_each_other() -> None:
    few, other = (NarrowedBeats(cutter=name, beats=3, pieces=8) for name in "ab")
    # a beat a cycle as long as there is room behind the demux
    assert cycles_through_demux([]) == 0
    assert cycles_through_demux([few]) == 3
    assert cycles_through_demux([few, other]) == 6
    # with two queued and one in the cutter, the fourth waits until the first is cut
    assert cycles_through_demux([few, few]) == 9 + 2 * 8 + 1
    assert cycles_through_demux([few, other, few]) == 9 + 2 * 8 + 1
    whole = NarrowedBeats(cutter="a", beats=9, pieces=1)
    assert cycles_through_demux([whole]) == 9
