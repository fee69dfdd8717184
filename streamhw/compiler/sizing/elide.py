# SPDX-License-Identifier: Apache-2.0
"""Elided FIFOs: none is needed before a buffer that holds the same beats in the same order."""

from collections.abc import Mapping

from ...stream.converter.geometry import BufferKind
from ...stream.converter.spec import ConverterSpec
from ...stream.spec import Role
from ..ir.netlist import Channel, Instance

__all__ = ["elided"]


def elided(channel: Channel, instances: Mapping[str, Instance]) -> bool:
    """Whether the buffer behind a stream holds all beats that a queue in front of it would hold.

    That is so for a converter whose block is a whole invocation, if it is not mapped: its writer
    takes each beat in the order in which the queue would have, and has a slot for it once the
    invocation before has been read. Pages may be fewer than the block.

    Source  iterative tensor folding, after StreamTensor (arXiv 2509.13694): equal access patterns
            merge buffers and drop the queue between them
    """
    sink = instances.get(channel.sink.instance)
    if sink is None or not isinstance(sink.part, ConverterSpec):
        return False
    if sink.port(channel.sink.port).role is not Role.DATA:
        return False
    return not sink.part.plan.shared and sink.part.kind is not BufferKind.MAPPED
