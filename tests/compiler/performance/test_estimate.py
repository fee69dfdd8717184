# SPDX-License-Identifier: Apache-2.0
"""The predicted answer adds up, and more work never takes fewer cycles."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import START_CYCLES, Estimate, PredictedAnswer


def test_an_answer_is_its_prompt_and_its_tokens() -> None:
    answer = PredictedAnswer(100.0, (10.0, 11.0))
    assert answer.total == 121.0


def test_a_longer_prompt_takes_longer(design: PlacedNetlist) -> None:
    prompts = [Estimate.placed(design).answer(n, n + 2).prompt for n in (1, 4, 8, 9)]
    assert prompts == sorted(prompts) and prompts[0] < prompts[-1]


def test_tokens_behind_more_context_take_no_less(design: PlacedNetlist) -> None:
    answer = Estimate.placed(design).answer(4, 12)
    assert len(answer.tokens) == 12 - 4 - 1
    assert all(cycles > 0 for cycles in answer.tokens)
    assert answer.tokens[-1] >= answer.tokens[0]


def test_the_same_design_gives_the_same_cycles(design: PlacedNetlist) -> None:
    assert Estimate.placed(design).answer(5, 8) == Estimate.placed(design).answer(5, 8)


def test_answers_together_are_those_that_each_prompt_has_alone(design: PlacedNetlist) -> None:
    batch = design.tiling.token_batch
    asked = [(2 * batch + 1, 2 * batch + 3), (1, 2), (batch, batch + 2), (2 * batch, 2 * batch + 1)]
    together = Estimate.placed(design).answers(asked)
    assert together == {each: Estimate.placed(design).answer(*each) for each in asked}


def test_an_answer_is_its_steps_one_after_another(design: PlacedNetlist) -> None:
    estimate, batch = Estimate.placed(design), design.tiling.token_batch
    clock = estimate.clock()
    now = estimate.step(clock, 0, batch, False, START_CYCLES)
    first = estimate.step(clock, batch, 1, True, now)
    second = estimate.step(clock, batch + 1, 1, True, first)
    answer = estimate.answer(batch + 1, batch + 3)
    assert answer == PredictedAnswer(first, (second - first,))
