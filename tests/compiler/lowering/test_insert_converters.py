# SPDX-License-Identifier: Apache-2.0
"""Converters in a design: which kind, who shares one, and what they hold of what is live."""

from dataclasses import dataclass, replace
from typing import ClassVar

from amaranth.lib import wiring
from rich.console import Console

from streamhw.compiler.ir.infrastructure import InfrastructureSpec
from streamhw.compiler.ir.netlist import PARAMETERS, Channel, End, Instance
from streamhw.compiler.lowering.insert_converters import (
    cost_of,
    insert_converters,
    insert_forks,
    layout_converter,
    others_of,
)
from streamhw.numerics.fixed import Fixed
from streamhw.report.tables import converter_table
from streamhw.stream.control.scope import Scope
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major
from streamhw.stream.spec import Port, Resources, Role

FMT = Fixed(8)
TOKENS = Symbol("tokens", 8)
ROWS = row_major(FMT, (TOKENS, 32), 4)
COLUMNS = ITensor(FMT, (1, 4), (Loop(8, 4, 1), Loop(TOKENS, 1, 0)))
SAME_COLUMNS = ITensor(FMT, (1, 4), (Loop(4, 8, 1), Loop(2, 4, 1), Loop(TOKENS, 1, 0)))
TWICE = ITensor(FMT, (1, 4), (Loop(2), *COLUMNS.loops))


@dataclass(frozen=True, kw_only=True)
class Ports(InfrastructureSpec):
    """A part that has ports and nothing else."""

    label: ClassVar[str] = "test"

    ports: tuple[Port, ...] = ()

    def resources(self):
        return Resources()

    def create(self):
        return wiring.Component({})


def part(name, *ports):
    return Instance(name, Ports(ports=ports), Scope.BODY)


def design(*readers, fed=()):
    """A source of rows, and readers that want the given types."""
    instances = [part("source", Port("o", ROWS))]
    channels = []
    for n, wanted in enumerate(readers):
        name = f"reader_{n}"
        instances.append(part(name, Port("i", wanted), Port("i_weight", ROWS)))
        channels.append(
            Channel(
                source=End("source", "o"),
                sink=End(name, "i"),
                produced=ROWS,
                consumed=wanted,
                scope=Scope.BODY,
                value="x",
            )
        )
        if n in fed:
            weights = replace(channels[-1], source=End(PARAMETERS, name), consumed=ROWS)
            channels.append(replace(weights, sink=End(name, "i_weight"), value=None))
    return tuple(instances), tuple(channels)


def converted(*readers, fed=()):
    instances, channels = insert_forks(*insert_converters(*design(*readers, fed=fed)))
    converters = [i.name for i in instances if isinstance(i.part, ConverterSpec)]
    return converters, sorted(str(c) for c in channels if c.source.instance != PARAMETERS)


def test_readers_of_one_type_share_a_converter():
    converters, streams = converted(COLUMNS, ROWS, SAME_COLUMNS, TWICE)
    assert converters == ["reader_0_i_convert", "reader_3_i_convert"]
    assert streams == [
        "reader_0_i_convert.o -> reader_0_i_convert_o_fork.i",
        "reader_0_i_convert_o_fork.o_0 -> reader_0.i",
        "reader_0_i_convert_o_fork.o_1 -> reader_2.i",
        "reader_3_i_convert.o -> reader_3.i",
        "source.o -> source_o_fork.i",
        "source_o_fork.o_0 -> reader_0_i_convert.i",
        "source_o_fork.o_1 -> reader_1.i",
        "source_o_fork.o_2 -> reader_3_i_convert.i",
    ]


def test_all_readers_want_one_type():
    converters, streams = converted(COLUMNS, COLUMNS)
    assert converters == ["reader_0_i_convert"]
    assert "source.o -> reader_0_i_convert.i" in streams


def test_readers_that_take_parameters_in_turn_do_not_share():
    assert len(converted(COLUMNS, COLUMNS, fed=(0, 1))[0]) == 2
    assert len(converted(COLUMNS, COLUMNS, COLUMNS, fed=(1,))[0]) == 1


def test_a_whole_tensor_is_converted_in_place():
    assert layout_converter(ROWS, TWICE).kind is BufferKind.IN_PLACE


def test_a_reader_that_only_writes_to_memory_gets_pages():
    """It waits for nobody else, so the stream in front may stop when a small converter is full; one
    more reader of the same type that has another input needs a converter of whole tensors."""
    instances, channels = design(COLUMNS, COLUMNS)
    writer = part("writer", Port("i", COLUMNS), Port("o_data", ROWS, Role.MEM_WRITE))
    alone = replace(channels[0], sink=End("writer", "i"))

    def kinds(*wired):
        found, _ = insert_converters((*instances, writer), wired)
        return [i.part.kind for i in found if isinstance(i.part, ConverterSpec)]

    assert others_of(alone, (*instances, writer), (alone,)) == ()
    assert kinds(alone) == [BufferKind.MAPPED]
    assert kinds(alone, channels[0]) == [BufferKind.IN_PLACE]
    more = replace(channels[1], sink=End("writer", "i_step"))
    assert others_of(alone, (*instances, writer), (alone, more)) == ("writer.i_step",)


def test_a_few_words_alternate():
    """Logic for one block would cost more than a second block of four words."""
    scales = row_major(FMT, (1, 128), 4)
    again = ITensor(FMT, (1, 4), (Loop(8, 16, 1), Loop(TOKENS), Loop(4, 4, 1)))
    chosen = layout_converter(scales, again)
    assert chosen.kind is BufferKind.PING_PONG
    assert cost_of(chosen) < cost_of(replace(chosen, kind=BufferKind.IN_PLACE))


def test_few_rows_are_mapped():
    """Two rows of columns: half of the block is alive, so a block would be twice the peak live."""
    source = ITensor(Fixed(24), (1, 4), (Loop(16, 16, 1), Loop(2, 1, 0), Loop(4, 4, 1)))
    chosen = layout_converter(source, row_major(Fixed(24), (2, 256), 4))
    assert chosen.kind is BufferKind.MAPPED
    assert replace(chosen, kind=BufferKind.IN_PLACE).bits > 1.8 * chosen.bound_bits
    assert chosen.bits < 1.25 * chosen.bound_bits


def test_orders_that_are_no_rotation():
    source = row_major(FMT, (4, 8, 8))
    turned = (Loop(8, 1, 2), Loop(8, 1, 1), Loop(4, 1, 0))
    chosen = layout_converter(source, ITensor(FMT, (1, 1, 1), turned))
    assert chosen.place is None
    assert chosen.kind is BufferKind.MAPPED


def test_orders_without_common_loops():
    parts = ITensor(FMT, (1, 1), (Loop(2, 1, 1), Loop(30, 1, 0)))
    chosen = layout_converter(parts, row_major(FMT, (30, 2), 2))
    assert (chosen.place, chosen.pages, chosen.kind) == (None, None, BufferKind.SINGLE)


def test_converters_of_a_model(compiled):
    """One block or less for each: whole tensors, since their readers may wait for others; the
    table adds them up."""
    model = compiled(stop="convert")
    parts = [i.part for i in model.instances if isinstance(i.part, ConverterSpec)]
    bits, bound = sum(p.bits for p in parts), sum(p.bound_bits for p in parts)
    assert bits < 1.5 * bound
    assert all(p.bits < p.ping_pong_bits for p in parts if p.plan.words > 8)
    console = Console(width=200, record=True)
    console.print(converter_table(model))
    text = console.export_text()
    assert f"{len(parts)} converters" in text and f"{bits:,}" in text
