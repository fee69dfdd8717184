# SPDX-License-Identifier: Apache-2.0
"""Ways of values inside a layer."""

from streamhw.compiler.fusion.paths import Paths


def test_every_way_ends_where_its_last_stream_does(compiled) -> None:
    paths = Paths(compiled(stop="convert"))
    assert len(paths.all) > 8
    for path in paths.all:
        assert path.name == path.channels[-1].name
        assert path.produced == path.channels[0].produced
        assert path.consumed == path.channels[-1].consumed
        assert len(path.channels) == (1 if path.converter is None else 2)
        assert {path.source, path.sink} <= set(paths.tasks)


def test_a_product_of_a_shared_engine_is_a_task(compiled) -> None:
    design = compiled(stop="convert")
    (assignment,) = design.assignments
    tasks = {task.name: task.instance for task in Paths(design).tasks}
    inside = [name for name in assignment.nodes if name in tasks]
    assert len(inside) >= 4
    assert {tasks[name] for name in inside} == {assignment.instance}


def test_converters_are_on_the_ways_that_they_serve(compiled) -> None:
    paths = Paths(compiled(stop="convert"))
    assert paths.converters
    assert set(paths.converters.values()) <= {path.name for path in paths.all}
