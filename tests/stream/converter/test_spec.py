# SPDX-License-Identifier: Apache-2.0
"""What a converter tells the compiler: bits, timing of one invocation, and cells."""

import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.converter.buffered import ConverterKernel
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.in_place import ConverterPlaceKernel
from streamhw.stream.converter.paged import ConverterMapKernel
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, row_major

FMT = Fixed(8)
ROWS = row_major(FMT, (8, 6))
COLUMNS = ITensor(FMT, (1, 1), (Loop(6, 1, 1), Loop(8, 1, 0)))
HARDWARE = {
    BufferKind.SINGLE: ConverterKernel,
    BufferKind.PING_PONG: ConverterKernel,
    BufferKind.IN_PLACE: ConverterPlaceKernel,
    BufferKind.MAPPED: ConverterMapKernel,
}


def converter(kind: BufferKind) -> ConverterSpec:
    return ConverterSpec(source=ROWS, target=COLUMNS, kind=kind)


@pytest.mark.parametrize("kind", BufferKind)
def test_kind_chooses_the_hardware(kind: BufferKind) -> None:
    component = converter(kind).create()
    assert type(component) is HARDWARE[kind]
    assert set(component.signature.members) == {"i", "o"}


def test_bits_of_a_block_of_two_and_of_the_live_set() -> None:
    single = converter(BufferKind.SINGLE)
    assert single.bits == 48 * 8
    assert single.ping_pong_bits == converter(BufferKind.PING_PONG).bits == 2 * 48 * 8
    assert single.bound_bits == single.live.elements * 8 <= 48 * 8
    assert converter(BufferKind.IN_PLACE).bits == 48 * 8


def test_cells_have_the_memory_that_the_bits_say() -> None:
    for kind in (BufferKind.SINGLE, BufferKind.PING_PONG, BufferKind.IN_PLACE):
        spec = converter(kind)
        assert spec.resources().memories[0].bits == spec.bits


def test_one_activation_alone() -> None:
    spec = converter(BufferKind.PING_PONG)
    alone, steady = spec.alone({}), spec.timing({})
    assert (alone.latency, alone.drain) == (steady.latency, steady.drain)
    assert alone.interval == steady.interval == 48
    # a transpose has taken all but the first beat before it gives one
    assert spec.ahead(alone) == 47


def test_a_reread_keeps_its_words() -> None:
    again = ConverterSpec(source=ROWS, target=ITensor(FMT, (1, 1), (Loop(3), *COLUMNS.loops)))
    assert again.waiting == 0 < converter(BufferKind.PING_PONG).waiting
