# SPDX-License-Identifier: Apache-2.0
"""One wrong bit of any kernel in the hardware is named: kernel, layer, element and code."""

from itertools import islice

import numpy as np
import pytest

from streamhw.compiler.ir.netlist import Channel
from streamhw.errors import InternalError
from streamhw.runtime.driver import generate
from streamhw.sim.answer_steps import AnswerSteps, StreamInvocation
from streamhw.sim.mismatch import Mismatch
from streamhw.sim.stream_compare import Comparison, StreamReference
from streamhw.stream.spec import Role
from tests.sim.mutants import Mutants, Mutation

PROMPT, TOKENS = [5, 9, 33, 7, 1], 2
"""A step of the prompt, and one of the first token."""


def checked(mutants: Mutants) -> Mismatch | None:
    """The first difference of the mutant that was chosen last, whether it ends or hangs."""
    build = mutants.build
    reference = StreamReference(netlist=build.netlist, quantized=build.quantized)
    with mutants.device(stuck_cycles=3000) as device:
        comparison = Comparison(reference, device.take)
        device.capture(set(comparison.watched))
        following = comparison.feed(PROMPT)
        try:
            for _ in islice(generate(device, PROMPT, count=TOKENS), TOKENS - 1):
                comparison.feed([following])
        except InternalError:
            pass  # a wrong token number or length may be more than a kernel can take
        return comparison.compare()


def invocation_of(steps: AnswerSteps, channel: Channel) -> tuple[int, StreamInvocation]:
    """The last one of the prompt's step, and the beats before it."""
    first = [each for each in steps.invocations(channel) if each.position == 0]
    before = sum(channel.consumed.beats(each.symbol_values) for each in first[:-1])
    return before, first[-1]


def test_no_mutant_is_right(mutants: Mutants) -> None:
    mutants.choose(None)
    assert checked(mutants) is None


@pytest.mark.parametrize(
    ("model", "seed"),
    [
        ("mutants", 0),
        pytest.param("mutants", 1, marks=pytest.mark.slow),
        pytest.param("decoder_mutants", 0, marks=pytest.mark.slow),
    ],
)
def test_every_wrong_bit_is_named(model: str, seed: int, request: pytest.FixtureRequest) -> None:
    """In a beat and a lane of each stream, in the last layer."""
    mutants: Mutants = request.getfixturevalue(model)
    design, pick, wrong = mutants.build.netlist, np.random.default_rng(seed), []
    steps, kinds, tried = AnswerSteps(design, len(PROMPT), TOKENS), set(), 0
    for channel in mutants.streams:
        source = design.instance(channel.source.instance)
        if source.port(channel.source.port).role is Role.WRITTEN:
            continue  # says when, and carries no number
        type = channel.consumed
        before, each = invocation_of(steps, channel)
        beat = int(pick.integers(type.beats(each.symbol_values)))
        lane = int(pick.integers(type.lanes))
        mutants.choose(channel, Mutation.FLIP, beat=before + beat, bit=lane * type.fmt.width)
        inside = np.unravel_index(lane, type.tile)
        element = tuple(map(int, type.order(each.symbol_values)[beat] + np.array(inside)))
        found = checked(mutants)
        expected = (source.name, channel.name, each.layer, element, lane)
        said = found and (found.kernel, found.stream, found.layer, found.element, found.lane)
        if said != expected or found is None or found.found != found.expected ^ 1:
            wrong.append((expected, found))
        kinds.add(source.part.label)
        tried += 1
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried >= 37 and len(kinds) >= 15, kinds
