# SPDX-License-Identifier: Apache-2.0
"""Every kernel loses the last beat of an invocation, and is named; nobody is who loses none."""

from dataclasses import replace

import pytest

from streamhw.compiler.ir.netlist import Channel
from streamhw.runtime.driver import generate
from streamhw.sim.answer_steps import AnswerSteps, StreamInvocation
from streamhw.sim.hang import HangError, StuckStream
from streamhw.sim.short_output import ShortOutput, short_output
from streamhw.stream.control.scope import Scope
from streamhw.stream.spec import Role
from tests.sim.mutants import Mutants, Mutation

PROMPT, TOKENS = [5, 9, 33, 7, 1, 2, 60, 8, 12, 3], 2
"""Of two steps; a third one follows."""
ENOUGH = 3000
"""Cycles in which something moves, or never will."""


def steps_of(mutants: Mutants) -> AnswerSteps:
    return AnswerSteps(mutants.build.netlist, len(PROMPT), TOKENS)


def beats_of(mutants: Mutants, channel: Channel, each: StreamInvocation) -> int:
    port = mutants.build.netlist.instance(channel.source.instance).port(channel.source.port)
    tokens = each.symbol_values["tokens"]
    assert isinstance(tokens, int)
    return tokens if port.role is Role.WRITTEN else channel.consumed.beats(each.symbol_values)


def hang(mutants: Mutants) -> HangError:
    with mutants.device(stuck_cycles=ENOUGH) as device, pytest.raises(HangError) as raised:
        list(generate(device, PROMPT, count=TOKENS))
    return raised.value


@pytest.mark.parametrize("last", [False, True])
def test_every_kernel_that_loses_its_last_beat_is_named(mutants: Mutants, last: bool) -> None:
    """In an early invocation, and in the last."""
    steps, wrong, kinds = steps_of(mutants), [], set()
    for channel in mutants.streams:
        passages = list(steps.invocations(channel))
        # In front of the layers, the prompt's next step comes at once, in place of what was lost.
        ahead = channel.scope is not Scope.TAIL and passages[0].layer is None
        early = 2 if ahead else 1
        until = passages if last else passages[:early]
        beats = [beats_of(mutants, channel, each) for each in until]
        mutants.choose(channel, Mutation.LOSE, beat=sum(beats) - 1)
        found = short_output(mutants.build.netlist, hang(mutants).streams, steps)
        source = mutants.build.netlist.instance(channel.source.instance)
        kinds.add(type(source.part))
        expected = ShortOutput(
            kernel=source.name,
            label=source.part.label,
            stream=channel.name,
            position=until[-1].position,
            layer=until[-1].layer,
            given=beats[-1] - 1,
            wanted=beats[-1],
        )
        if found is None or replace(found, unsure=None) != expected:
            wrong.append((expected, found))
    assert wrong == [], "\n".join(map(str, wrong))
    assert len(mutants.streams) > 35 and len(kinds) >= 16


def test_in_words(mutants: Mutants) -> None:
    lost = ShortOutput(
        kernel="norm_1", label="Norm", stream="qkv_i", position=8, layer=1, given=1499, wanted=1500
    )  # fmt: skip
    assert str(lost) == (
        "norm_1 (Norm) gave 1,499 of 1,500 beats of qkv_i in layer 1 of the step at position 8, "
        "though it had all values for them"
    )
    assert str(replace(lost, layer=None, unsure="norm_1_i_affine")) == (
        "norm_1 (Norm) gave 1,499 of 1,500 beats of qkv_i in the step at position 8, had all "
        "values for them, and waits for data of norm_1_i_affine"
    )


def test_nobody_is_accused_of_what_others_hold_back(mutants: Mutants) -> None:
    """Nothing has passed; all has; a beat is offered; something else is there in its place."""
    design, steps = mutants.build.netlist, steps_of(mutants)
    idle = StuckStream(offered=False, room=True, valid=False, ready=True)
    none = {channel.name: idle for channel in design.channels}
    assert short_output(design, none, steps) is None
    all_of = {
        channel.name: replace(
            idle,
            passed=sum(beats_of(mutants, channel, each) for each in steps.invocations(channel)),
        )
        for channel in mutants.streams
    }
    assert short_output(design, all_of, steps) is None
    less = replace(idle, passed=all_of["residual_2_i_b"].passed - 1)
    found = short_output(design, {**all_of, "residual_2_i_b": less}, steps)
    assert found is not None and found.kernel == "residual_2_i_b_convert"
    # As many are in the queue, or the next one waits for room.
    for stuck in (replace(less, level=1), replace(less, offered=True, room=False)):
        assert short_output(design, {**all_of, "residual_2_i_b": stuck}, steps) is None
