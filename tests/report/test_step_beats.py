# SPDX-License-Identifier: Apache-2.0
"""Beats of a step are told apart by invocation, or not at all."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.report.step_beats import invocation_spans

POSITION = 9


def test_layers_one_after_another(design: PlacedNetlist) -> None:
    beats = design.instance("norm_1").port("i").type.beats({"tokens": 1})
    cycles = [10 * beat for beat in range(2 * beats)]
    found = invocation_spans(design, POSITION, {"norm_1_i": cycles})
    last = 10 * (beats - 1)
    assert found == {"norm_1_i": ((0, last), (last + 10, 2 * last + 10))}


def test_lengths_are_those_of_the_position(design: PlacedNetlist) -> None:
    """Every position that is there is read: the new token, too."""
    (channel,) = (c for c in design.channels if c.name == "attention_scores_i_k")
    spans = {
        length: invocation_spans(
            design, POSITION, {channel.name: list(range(2 * channel.consumed.beats(
                {"tokens": 1, "length": length})))}
        )
        for length in range(1, 33)
    }  # fmt: skip
    fitting = [length for length, found in spans.items() if found]
    assert POSITION + 1 in fitting and 1 not in fitting and 32 not in fitting


def test_the_loop_over_layers(design: PlacedNetlist) -> None:
    """What enters the first layer passes once, what goes back once less than there are layers."""
    beats = design.instance("norm_1").port("i").type.beats({"tokens": 1})
    passed = {"blocks_entry_i_first": range(beats), "blocks_entry_i_back": range(beats)}
    found = invocation_spans(design, POSITION, passed)
    assert found == dict.fromkeys(passed, ((0, beats - 1),))


def test_other_numbers_of_beats_tell_nothing(design: PlacedNetlist) -> None:
    assert invocation_spans(design, POSITION, {"norm_1_i": [1, 2, 3]}) == {}
    assert invocation_spans(design, POSITION, {"parameter_reader_i_step": [1]}) == {}
