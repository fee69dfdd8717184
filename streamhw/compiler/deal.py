# SPDX-License-Identifier: Apache-2.0
"""Who deals the parameters that come from memory as one stream, in which order, in which words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from ..stream.distribute import Repeat, Segment
from ..stream.itensor import ITensor
from .memory import MemoryPlan

__all__ = ["DISTRIBUTOR", "NARROW", "WIDE", "Deal", "deal_parameters"]

DISTRIBUTOR, NARROW = "distributor", "narrow"
WIDE = 4096
"""Bits of a memory beat from which a multiplexer that picks its parts is smaller than a register
that shifts them, and from which few parts should have to cut it."""


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A distributor.

    bits: of its beats; outputs: the stream behind each; programs: for a layer and for the tail
    """

    name: str
    bits: int
    outputs: tuple[str, ...]
    programs: tuple[tuple[Repeat, ...], ...]


def deal_parameters(
    plan: MemoryPlan, types: Mapping[str, ITensor], beat_bits: int
) -> tuple[Deal, ...]:
    """The distributors of the parameter stream.

    types: of each stream
    Chooses  one; where memory beats are wide, a second one behind its output ``NARROW`` for the
             streams of narrow words, which gets beats cut to the widest of these
    """
    bits = {name: type.bits_per_token for name, type in types.items()}
    wide = tuple(name for name in plan.targets if bits[name] >= WIDE)
    narrow = tuple(name for name in plan.targets if bits[name] < WIDE)
    runs = (plan.body, plan.tail)
    # A distributor runs a program for each activation, so it must have something to do in each.
    apart = beat_bits >= WIDE and all(
        any(name in narrow for s in run for name, _ in s.parts) for run in runs
    )
    outputs = (*wide, NARROW) if apart else plan.targets

    def output(name: str) -> int:
        return outputs.index(name if name in outputs else NARROW)

    first = Deal(
        name=DISTRIBUTOR,
        bits=beat_bits,
        outputs=outputs,
        programs=tuple(
            tuple(
                Repeat(s.repeat, tuple(Segment(output(name), n) for name, n in s.parts))
                for s in run
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
        used = min(all_, ceil(types[name].tokens() * bits[name] / word))
        yield Segment(narrow.index(name), used)
        if used < all_:
            yield Segment(len(narrow), all_ - used)

    second = Deal(
        name=f"{NARROW}_{DISTRIBUTOR}",
        bits=word,
        outputs=narrow,
        programs=tuple(
            tuple(
                Repeat(s.repeat, tuple(segment for part in parts for segment in words(*part)))
                for s in run
                if (parts := [(name, n) for name, n in s.parts if name in narrow])
            )
            for run in runs
        ),
    )
    return first, second
