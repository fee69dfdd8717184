# SPDX-License-Identifier: Apache-2.0
"""The predicted answer adds up, and more work never takes fewer cycles."""

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.performance.estimate import Estimate, PredictedAnswer


def test_an_answer_is_its_prompt_and_its_tokens() -> None:
    answer = PredictedAnswer(100.0, (10.0, 11.0))
    assert answer.total == 121.0


def test_a_longer_prompt_takes_longer(design: PlacedNetlist) -> None:
    prompts = [Estimate(design).answer(n, n + 2).prompt for n in (1, 4, 8, 9)]
    assert prompts == sorted(prompts) and prompts[0] < prompts[-1]


def test_tokens_behind_more_context_take_no_less(design: PlacedNetlist) -> None:
    answer = Estimate(design).answer(4, 12)
    assert len(answer.tokens) == 12 - 4 - 1
    assert all(cycles > 0 for cycles in answer.tokens)
    assert answer.tokens[-1] >= answer.tokens[0]


def test_the_same_design_gives_the_same_cycles(design: PlacedNetlist) -> None:
    assert Estimate(design).answer(5, 8) == Estimate(design).answer(5, 8)
