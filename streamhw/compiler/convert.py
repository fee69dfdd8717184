# SPDX-License-Identifier: Apache-2.0
"""Converters: a fork where a value has several readers, a layout converter where types differ."""

from collections import defaultdict
from dataclasses import replace

from ..errors import BuildError
from ..stream.convert import Converter
from . import plumbing
from .design import PARAMETERS, Channel, End, Instance, Scope

__all__ = ["insert_converters", "insert_forks"]


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
        fork = Instance(name, plumbing.fork(first.produced, len(group)), scope)
        added.append(fork)
        wired.append(replace(first, sink=End(name, "i"), consumed=first.produced, scope=scope))
        wired += [replace(channel, source=End(name, f"o_{i}")) for i, channel in enumerate(group)]
    return instances + tuple(added), tuple(wired)


def insert_converters(
    instances: tuple[Instance, ...], channels: tuple[Channel, ...]
) -> tuple[tuple[Instance, ...], tuple[Channel, ...]]:
    """One converter for each stream whose ends disagree about order, repetition or lanes.

    Ensures  both ends of every stream have the same type
    Chooses  two buffers where blocks follow each other within an activation, one where the block
             is the whole tensor: the next tensor comes only after this one has been used
    Raises   ``BuildError`` with both types where no converter exists
    """
    added: list[Instance] = []
    wired: list[Channel] = []
    for channel in channels:
        if channel.produced.is_same_stream(channel.consumed):
            wired.append(channel)
            continue
        try:
            plan = Converter(source=channel.produced, target=channel.consumed).plan
        except ValueError as error:
            raise BuildError(f"Stream {channel} has no layout converter: {error}") from None
        part = Converter(
            source=channel.produced, target=channel.consumed, buffers=2 if plan.shared else 1
        )
        name = f"{channel.name}_convert"
        scope = _home(channel.sink.instance, instances, channel.scope)
        scope = channel.scope if scope is Scope.SHARED else scope
        added.append(Instance(name, part, scope))
        wired.append(replace(channel, sink=End(name, "i"), consumed=channel.produced, scope=scope))
        wired.append(
            replace(channel, source=End(name, "o"), produced=channel.consumed, scope=scope)
        )
    return instances + tuple(added), tuple(wired)


def _home(name: str, instances: tuple[Instance, ...], default: Scope) -> Scope:
    if name == PARAMETERS:
        return default
    return next((i.scope for i in instances if i.name == name), default)
