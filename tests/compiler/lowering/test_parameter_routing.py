# SPDX-License-Identifier: Apache-2.0
"""Distributors of the parameter stream: one, or a second one for narrow words in wide beats."""

from dataclasses import replace

from streamhw.compiler.lowering.parameter_routing import NARROW, PARAMETER_DEMUX, route_parameters
from streamhw.compiler.memory.layout import MemoryPlan
from streamhw.compiler.memory.segments import Segments
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import ITensor, row_major
from streamhw.stream.static_demux import Repeat, Segment

WEIGHTS = row_major(Fixed(4), (8, 1024), 1024)
AFFINE = row_major(Fixed(32, signed=False), (1, 96), 8)
SCALES = row_major(Fixed(16, signed=False), (1, 128), 8)
TYPES: dict[str, ITensor] = {"norm": AFFINE, "engine": WEIGHTS, "scale": SCALES}

PLAN = MemoryPlan(
    beat_bytes=512,
    regions=(),
    body=(
        Segments("norm", 1, (("norm", 1),)),
        Segments("product", 4, (("engine", 2),)),
        Segments("gelu", 1, (("scale", 1),)),
    ),
    tail=(Segments("last", 1, (("norm", 1),)),),
    stride=0,
    stored=0,
)


def test_narrow_beats_have_one_demux() -> None:
    (demux,) = route_parameters(replace(PLAN, beat_bytes=64), TYPES, 512)
    assert demux.name == PARAMETER_DEMUX
    assert demux.outputs == ("norm", "engine", "scale")
    assert demux.programs[0] == (
        Repeat(1, (Segment(0, 1),)),
        Repeat(4, (Segment(1, 2),)),
        Repeat(1, (Segment(2, 1),)),
    )


def test_narrow_words_in_wide_beats_have_their_own() -> None:
    """96 words of 32 bits are 12 beats of 256, padded to the 16 of a memory beat; 128 words of 16
    bits are 8 beats of 256."""
    first, second = route_parameters(PLAN, TYPES, 4096)
    assert first.outputs == ("engine", NARROW)
    assert first.programs == (
        (
            Repeat(1, (Segment(1, 1),)),
            Repeat(4, (Segment(0, 2),)),
            Repeat(1, (Segment(1, 1),)),
        ),
        (Repeat(1, (Segment(1, 1),)),),
    )
    assert (second.bits, second.outputs) == (256, ("norm", "scale"))
    padding = 2
    assert second.programs == (
        (
            Repeat(1, (Segment(0, 12), Segment(padding, 4))),
            Repeat(1, (Segment(1, 8), Segment(padding, 8))),
        ),
        (Repeat(1, (Segment(0, 12), Segment(padding, 4))),),
    )


def test_a_part_that_stands_ahead_leads_and_the_others_follow() -> None:
    """Of narrow words alone, there is nothing between two turns."""
    ahead = Segments("product", 4, (("norm", 1), ("engine", 2)), ahead=1)
    first, second = route_parameters(replace(PLAN, body=(ahead, PLAN.body[-1])), TYPES, 4096)
    assert first.programs[0] == (
        Repeat(1, (Segment(1, 1),)),
        Repeat(3, (Segment(1, 1), Segment(0, 2))),
        Repeat(1, (Segment(0, 2),)),
        Repeat(1, (Segment(1, 1),)),
    )
    padding = 2
    assert second.programs[0] == (
        Repeat(4, (Segment(0, 12), Segment(padding, 4))),
        Repeat(1, (Segment(1, 8), Segment(padding, 8))),
    )


def test_a_run_without_narrow_words_keeps_one() -> None:
    """A demux has something to do in every invocation."""
    tail = (Segments("head", 2, (("engine", 2),)),)
    (demux,) = route_parameters(replace(PLAN, tail=tail), TYPES, 4096)
    assert demux.outputs == ("norm", "engine", "scale")
