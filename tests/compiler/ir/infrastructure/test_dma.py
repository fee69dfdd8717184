# SPDX-License-Identifier: Apache-2.0
"""DMAs as parts of a design: words in and out, room, and cells by stripe."""

from streamhw.compiler.ir.infrastructure.dma import BURST, ReadDmaSpec, WriteDmaSpec


def test_words_of_the_ports() -> None:
    read, write = ReadDmaSpec(beat_bits=128, buffer=64), WriteDmaSpec(beat_bits=128)
    assert [(port.name, port.type.beat_bits) for port in read.ports] == [
        ("i_command", 40 + 25),
        ("o", 128),
    ]
    assert [port.type.beat_bits for port in write.ports] == [65, 128 + 16, 1]


def test_a_stripe_has_a_memory_of_its_share() -> None:
    begins = (0, 1 << 28)
    read = ReadDmaSpec(beat_bits=512, buffer=64, begins=begins).resources()
    assert [(memory.width, memory.depth) for memory in read.memories] == [(256, 64)] * 2
    write = WriteDmaSpec(beat_bits=512, begins=begins).resources()
    assert [(memory.width, memory.depth) for memory in write.memories] == [(288, 2 * BURST)] * 2


def test_a_limit_below_the_buffer_takes_a_counter() -> None:
    free, limited = (
        ReadDmaSpec(beat_bits=128, buffer=64, outstanding=most).resources() for most in (64, 32)
    )
    assert limited.luts > free.luts and limited.ffs > free.ffs
