# SPDX-License-Identifier: Apache-2.0
"""Processes of a design: a converter is two, an engine three for each product."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.sizing.wait_graph import buffer_of, waits_of
from streamhw.stream.converter.spec import ConverterSpec


def test_a_converter_is_a_writer_and_a_reader(design: PlacedNetlist) -> None:
    links = {link.name: link for link in waits_of(design, design.queues).links}
    converters = [i.name for i in design.instances if isinstance(i.part, ConverterSpec)]
    assert converters
    for name in converters:
        link = links[buffer_of(name)]
        assert (link.source, link.sink) == (f"{name}.write", f"{name}.read")


def test_products_take_turns(design: PlacedNetlist) -> None:
    waits = waits_of(design, design.queues)
    (assignment,) = design.assignments
    ends = {end for link in waits.links for end in (link.source, link.sink)}
    for node in assignment.nodes:
        assert any(end.startswith(f"{assignment.instance}:") and node in end for end in ends)
    assert waits.after


def test_processes_are_named_once(design: PlacedNetlist) -> None:
    links = waits_of(design, design.queues).links
    assert all(link.source != link.sink for link in links)
    assert waits_of(design, design.queues) == waits_of(design, design.queues)
