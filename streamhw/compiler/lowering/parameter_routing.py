# SPDX-License-Identifier: Apache-2.0
"""Parameter routing: which output takes which beats of the parameter stream, in which words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from ...stream.itensor.itensor import ITensor
from ...stream.static_demux import Repeat, Segment
from ..memory.layout import MemoryPlan
from ..memory.segments import Segments

__all__ = [
    "NARROW",
    "PARAMETER_DEMUX",
    "WIDE",
    "ParameterRoute",
    "queued_words",
    "route_parameters",
]

PARAMETER_DEMUX, NARROW = "parameter_demux", "narrow"
WIDE = 4096
"""Bits of a memory beat from which a multiplexer that picks its parts is smaller than a register
that shifts them, and from which few parts should have to cut it."""


def queued_words(bits: int) -> int:
    """Words of so many bits that wait in front of the part that takes them. Wide ones have waited
    in the buffer of the DMA, and what is before the part has registers."""
    return 0 if bits >= WIDE else 16


@dataclass(frozen=True, kw_only=True)
class ParameterRoute:
    """A demux.

    bits: of its beats; outputs: the stream behind each; programs: for a layer and for the tail
    """

    name: str
    bits: int
    outputs: tuple[str, ...]
    programs: tuple[tuple[Repeat, ...], ...]


def route_parameters(
    plan: MemoryPlan, types: Mapping[str, ITensor], beat_bits: int
) -> tuple[ParameterRoute, ...]:
    """The demultiplexers of the parameter stream.

    types: of each stream
    Chooses  one; where memory beats are wide, a second one behind its output ``NARROW`` for the
             streams of narrow words, which gets beats cut to the widest of these
    """
    bits = {name: type.beat_bits for name, type in types.items()}
    wide = tuple(name for name in plan.targets if bits[name] >= WIDE)
    narrow = tuple(name for name in plan.targets if bits[name] < WIDE)
    runs = (plan.body, plan.tail)
    # A demux runs a program for each invocation, so it must have something to do in each.
    apart = beat_bits >= WIDE and all(
        any(name in narrow for s in run for name, _ in s.parts) for run in runs
    )
    outputs = (*wide, NARROW) if apart else plan.targets

    def output(name: str) -> int:
        return outputs.index(name if name in outputs else NARROW)

    first = ParameterRoute(
        name=PARAMETER_DEMUX,
        bits=beat_bits,
        outputs=outputs,
        programs=tuple(
            tuple(
                Repeat(count, tuple(Segment(output(name), n) for name, n in parts))
                for s in run
                for count, parts in s.turns
            )
            for run in runs
        ),
    )
    if not apart:
        return (first,)
    word = 1 << (max(bits[name] for name in narrow) - 1).bit_length()

    def words(name: str, beats: int) -> Iterator[Segment]:
        """A stream's words in its memory beats, and what pads the last of these."""
        all_ = beats * beat_bits // word
        used = min(all_, ceil(types[name].beats() * bits[name] / word))
        yield Segment(narrow.index(name), used)
        if used < all_:
            yield Segment(len(narrow), all_ - used)

    def program(segments: Segments) -> Iterator[Repeat]:
        """The narrow parts of a node's turns, those without wide parts between them together."""
        found: list[Repeat] = []
        for count, parts in segments.turns:
            routed = tuple(s for name, n in parts if name in narrow for s in words(name, n))
            if found and found[-1].segments == routed:
                found[-1] = replace(found[-1], count=found[-1].count + count)
            elif routed:
                found.append(Repeat(count, routed))
        yield from found

    second = ParameterRoute(
        name=f"{NARROW}_{PARAMETER_DEMUX}",
        bits=word,
        outputs=narrow,
        programs=tuple(tuple(r for s in run for r in program(s)) for run in runs),
    )
    return first, second
