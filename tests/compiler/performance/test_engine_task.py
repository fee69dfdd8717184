# SPDX-License-Identifier: Apache-2.0
"""The tasks of a shared engine: an operand that is stored, and a product that takes parameters."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.assumptions import of_placed
from streamhw.compiler.performance.engine_task import OPERAND, EngineTasks

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
