# SPDX-License-Identifier: Apache-2.0
"""Converters: a layout converter where types differ, a fork where a value has several readers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ...errors import BuildError
from ...stream.control.scope import Scope
from ...stream.converter.geometry import BufferKind
from ...stream.converter.spec import ConverterSpec
from ...stream.itensor.compare import difference
from ...stream.itensor.itensor import ITensor
from ...stream.spec import Role
from ..ir.infrastructure import ForkSpec
from ..ir.netlist import PARAMETERS, Channel, End, Instance

__all__ = [
    "BITS_PER_LUT",
    "cost_of",
    "insert_converters",
    "insert_forks",
    "layout_converter",
    "others_of",
]

BITS_PER_LUT = 48
"""Memory bits that weigh as much as one LUT: about what both families of devices have."""

SHARE = 1.25
"""Of the peak live elements: what a converter may hold if another one holds less."""
TRIFLE = 1024
"""Bits that are not worth logic to save."""


def cost_of(part: ConverterSpec) -> float:
    """What a converter costs, in LUTs: its own, and its memory at the devices' rate."""
    return part.resources().luts + part.bits / BITS_PER_LUT


@lru_cache(maxsize=1024)
def layout_converter(source: ITensor, target: ITensor, *, whole: bool = False) -> ConverterSpec:
    """The converter between two types.

    whole: whether it must take a tensor even if its reader waits

    Chooses  the cheapest (``cost_of``) of those that hold no more than ``SHARE`` of the peak live,
             or of all if none does or a few bits are all there is to save. Where blocks follow each
             other within a tensor, only those that keep the rate of two buffers. Where orders have
             no common loops, two buffers, or one if it holds the whole tensor: the next tensor
             comes only after this one has been used
    Raises   ``ValueError`` where no converter exists
    """
    fast = ConverterSpec(source=source, target=target, kind=BufferKind.PING_PONG)
    shared = bool(fast.plan.shared)
    found = [fast] if shared else []
    if fast.place is not None:
        found.append(replace(fast, kind=BufferKind.IN_PLACE))
    if fast.pages is not None and (shared or not whole):
        found.append(replace(fast, kind=BufferKind.MAPPED))
    if shared:
        rate = fast.timing({}).interval
        found = [part for part in found if part is fast or part.timing({}).interval <= rate]
    if not found:
        return replace(fast, kind=BufferKind.SINGLE)
    close = [part for part in found if part.bits <= SHARE * part.bound_bits]
    if close and fast.bits > TRIFLE:
        found = close
    return min(found, key=cost_of)


def insert_forks(
    instances: tuple[Instance, ...], channels: tuple[Channel, ...]
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """One fork for each output that several ports read.

    Ensures  every output has one reader
    """
    readers: dict[End, list[Channel]] = defaultdict(list)
    for channel in channels:
        readers[channel.source].append(channel)
    added: list[Instance] = []
    wired: list[Channel] = []
    for source, group in readers.items():
        if len(group) == 1:
            wired += group
            continue
        first = group[0]
        name = f"{source.instance}_{source.port}_fork"
        scope = _home(source.instance, instances, first.scope)
        fork = Instance(name, ForkSpec(type=first.produced, outputs=len(group)), scope)
        added.append(fork)
        wired.append(replace(first, sink=End(name, "i"), consumed=first.produced, scope=scope))
        wired += [replace(channel, source=End(name, f"o_{i}")) for i, channel in enumerate(group)]
    return instances + tuple(added), tuple(wired)


def insert_converters(
    instances: tuple[Instance, ...], channels: tuple[Channel, ...]
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """One converter for each stream whose ends disagree about order, repetition or lanes.

    Readers of one output that want the same type share a converter, so a fork goes behind it, and
    one before it only for readers that want other types. But no two that take parameters share:
    parameters come in order of use, so those readers work one after the other.

    Ensures  both ends of every stream have the same type
    Raises   ``BuildError`` with both types where no converter exists
    """
    fed = {c.sink.instance for c in channels if c.source.instance == PARAMETERS}
    added: list[Instance] = []
    wired: list[Channel] = []
    shared: dict[tuple[End, ITensor, Scope], Channel] = {}
    taken: set[tuple[End, ITensor, Scope]] = set()
    for channel in channels:
        if channel.produced.is_same_stream(channel.consumed):
            wired.append(channel)
            continue
        scope = _home(channel.sink.instance, instances, channel.scope)
        scope = channel.scope if scope is Scope.SHARED else scope
        key = (channel.source, channel.consumed.normal(), scope)
        takes = channel.sink.instance in fed
        if key in shared and not (takes and key in taken):
            taken |= {key} if takes else set()
            behind = shared[key]
            wired.append(replace(channel, source=behind.source, produced=behind.produced))
            continue
        same = [c for c in channels if c.source == channel.source]
        alike = [c for c in same if c.consumed.normal() == key[1]]
        # Peak live elements are less than a tensor only while the reader reads. If it waits for
        # others, those may stand behind this value in a stream that a full converter stops.
        waits = any(others_of(c, instances, channels) for c in alike)
        try:
            part = layout_converter(channel.produced, channel.consumed, whole=waits)
        except ValueError as error:
            raise BuildError(
                f"Stream {channel} has no layout converter: {error}",
                hint=str(difference(channel.produced, channel.consumed)),
            ) from None
        name = f"{channel.name}_convert"
        added.append(Instance(name, part, scope))
        wired.append(replace(channel, sink=End(name, "i"), consumed=channel.produced, scope=scope))
        behind = replace(channel, source=End(name, "o"), produced=channel.consumed, scope=scope)
        wired.append(behind)
        shared.setdefault(key, behind)
        taken |= {key} if takes else set()
    return instances + tuple(added), tuple(wired)


def others_of(
    channel: Channel, instances: Sequence[Instance], channels: Sequence[Channel]
) -> tuple[str, ...]:
    """What the reader of a value may wait for while it takes it: its other inputs, and room for its
    results, unless it writes them to memory."""
    sink = channel.sink.instance
    inputs = [str(c.sink) for c in channels if c.sink.instance == sink and c is not channel]
    writes = next(i for i in instances if i.name == sink).has(Role.MEM_WRITE)
    return (*inputs, *(() if writes else (f"the readers of {sink}",)))


def _home(name: str, instances: Sequence[Instance], default: Scope) -> Scope:
    if name == PARAMETERS:
        return default
    return next((i.scope for i in instances if i.name == name), default)
