# SPDX-License-Identifier: Apache-2.0
"""The Amaranth stream signature of an iterative tensor."""

from amaranth.lib import data, stream

from .itensor.itensor import ITensor

__all__ = ["lanes_of", "stream_of"]


def lanes_of(itensor: ITensor) -> data.ArrayLayout:
    """Payload layout of a beat: an array of lanes, lane 0 first in order."""
    return data.ArrayLayout(itensor.fmt.shape, itensor.lanes)


def stream_of(itensor: ITensor) -> stream.Signature:
    """Stream signature whose payload carries one beat of the type."""
    return stream.Signature(lanes_of(itensor))
