# SPDX-License-Identifier: Apache-2.0
"""Folding: which queues the buffer behind them makes needless, and what that saves."""

from dataclasses import replace

from streamhw.compiler.fifo import MINIMUM
from streamhw.compiler.ir.netlist import Channel, End, Instance
from streamhw.compiler.sizing.elide import elided
from streamhw.numerics.fixed import Fixed
from streamhw.stream.control.scope import Scope
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor, Loop, Symbol, row_major

TOKENS = Symbol("tokens", 8)
ROW = row_major(Fixed(32, signed=False), (1, 32), 4)
AGAIN = ITensor(ROW.fmt, ROW.tile, (Loop(TOKENS), Loop(8, 4, 1)))
IN_CHUNKS = ITensor(ROW.fmt, ROW.tile, (Loop(2, 16, 1), Loop(TOKENS), Loop(4, 4, 1)))


def stream(target, kind, port="i"):
    part = ConverterSpec(source=ROW, target=target, kind=kind)
    channel = Channel(
        source=End("weights_width", "o"),
        sink=End("convert", port),
        produced=ROW,
        consumed=ROW,
        scope=Scope.BODY,
    )
    return channel, {"convert": Instance("convert", part, Scope.BODY)}


def test_a_block_of_the_whole_tensor_is_its_queue():
    assert elided(*stream(AGAIN, BufferKind.IN_PLACE))
    assert elided(*stream(AGAIN, BufferKind.SINGLE))


def test_what_holds_less_is_not():
    assert not elided(*stream(IN_CHUNKS, BufferKind.PING_PONG))
    assert not elided(*stream(AGAIN, BufferKind.IN_PLACE, port="i_tokens"))
    turned = ITensor(ROW.fmt, (1, 1), (Loop(8, 1, 1), Loop(4, 1, 0)))
    pages = ConverterSpec(source=row_major(ROW.fmt, (4, 8)), target=turned, kind=BufferKind.MAPPED)
    channel, instances = stream(AGAIN, BufferKind.IN_PLACE)
    other = {"convert": replace(instances["convert"], part=pages)}
    assert not elided(channel, other)
    assert not elided(channel, {})


def test_parameters_of_a_norm_wait_in_its_converter(compiled):
    model = compiled(stop="size")
    parts = {i.name: i for i in model.instances}
    saved = 0
    for channel in model.channels:
        if elided(channel, parts):
            assert model.queues[channel.name] <= max(
                MINIMUM, model.depths.depth.get(channel.name, 0)
            )
            if channel.source.instance.endswith("_width"):
                beats = channel.consumed.beats()
                saved += (beats - model.queues[channel.name]) * channel.consumed.beat_bits
    assert saved == 2 * (8 - MINIMUM) * 128
