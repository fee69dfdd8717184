# SPDX-License-Identifier: Apache-2.0
"""Infrastructure is found by what it serves, not by its name."""

from dataclasses import replace

from streamhw.compiler.ir.infrastructure import ParameterReaderSpec, StaticDemuxSpec
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.ir.serving import (
    dma_serving,
    dmas,
    is_write_dma,
    parameter_demux_of,
    parameter_dma_of,
    parameter_path,
)
from streamhw.stream.spec import Role


def test_each_dma_serves_a_part_that_asks(design: PlacedNetlist) -> None:
    found = dmas(design.instances)
    assert len(found) > 3
    for dma in found:
        asks = design.instance(str(dma.serves))
        assert asks.has(Role.MEM_COMMAND)
        assert dma_serving(design.instances, asks.name) is dma
    assert 0 < sum(map(is_write_dma, found)) < len(found)


def test_parameters_have_a_dma_and_a_demux(design: PlacedNetlist) -> None:
    reader = design.instance(str(parameter_dma_of(design.instances).serves))
    assert isinstance(reader.part, ParameterReaderSpec)
    demux = parameter_demux_of(design.instances)
    assert isinstance(demux.part, StaticDemuxSpec) and demux.serves == reader.name


def test_the_way_of_a_stream_of_parameters(design: PlacedNetlist) -> None:
    for target in design.memory.targets:
        width, *rest = parameter_path(design, target)
        assert width.serves == target and len(rest) in (0, 2)


def test_names_do_not_matter(design: PlacedNetlist) -> None:
    dma = parameter_dma_of(design.instances)
    renamed = tuple(replace(i, name="x") if i is dma else i for i in design.instances)
    assert parameter_dma_of(renamed).name == "x"
