# SPDX-License-Identifier: Apache-2.0
"""The task of a part: a kernel's own timing, a beat a cycle for infrastructure, and its memory."""

from streamhw.compiler.ir.infrastructure import ForkSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.assumptions import of_placed
from streamhw.compiler.performance.part_task import part_task
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.spec import KernelSpec, Role

VALUES = {"tokens": 2, "length": (3, 4)}


def test_infrastructure_passes_a_beat_a_cycle(design: PlacedNetlist) -> None:
    fork = next(i for i in design.instances if isinstance(i.part, ForkSpec))
    task = part_task(design, of_placed(design), fork)
    timing = task.timing(VALUES)
    assert timing.interval == fork.part.ports[0].type.beats(VALUES)
    assert timing.latency == timing.drain == fork.part.behaviour().delay


def test_a_kernel_has_its_own_interval(design: PlacedNetlist) -> None:
    engines = {assignment.instance for assignment in design.assignments}
    seen = 0
    for instance in design.instances:
        part = instance.part
        if isinstance(part, ConverterSpec) or instance.name in engines:
            continue
        if isinstance(part, KernelSpec):
            found = part_task(design, of_placed(design), instance).timing(VALUES)
            assert found.interval == part.timing(VALUES).interval
            seen += 1
    assert seen > 5


def test_only_parts_with_a_dma_use_memory(design: PlacedNetlist) -> None:
    for instance in design.instances:
        if not isinstance(instance.part, KernelSpec):
            continue
        task = (
            part_task(design, of_placed(design), instance)
            if _alone(design, instance.name)
            else None
        )
        if task is not None:
            assert (task.memory is not None) == instance.has(Role.MEM_COMMAND)


def _alone(design: PlacedNetlist, name: str) -> bool:
    return all(assignment.instance != name for assignment in design.assignments)


def test_behind_the_last_token_a_reader_gives_its_rows(design: PlacedNetlist) -> None:
    """Of several tokens those before it may have been read; of one, it is all."""
    readers = [i for i in design.instances if i.part.behaviour().memory.by_token]
    assert len(readers) == 2
    for reader in readers:
        task = part_task(design, of_placed(design), reader)
        one = {"tokens": 1, "length": (4,)}
        assert task.rest(one) == task.rest(VALUES) > 0
        assert task.rest(one) >= task.give(one) - 1
