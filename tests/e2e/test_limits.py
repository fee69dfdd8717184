# SPDX-License-Identifier: Apache-2.0
"""Answers at the edges: long ones, up to the last position, and what starts where one ended."""

from streamhw.reference.integer_model import IntegerModel
from streamhw.runtime.driver import generate
from streamhw.sim.device import SimDevice
from tests.e2e.machine import Machine


def test_long_answers(machine: Machine, golden: IntegerModel, prompts: list[list[int]]) -> None:
    """Six times as many decode steps as the group has tokens."""
    for prompt in (prompts[0], prompts[6]):
        answer = machine.answer(prompt, 48)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 48))


def test_prompt_and_answer_fill_the_context(
    machine: Machine, golden: IntegerModel, prompts: list[list[int]]
) -> None:
    """The last row of the cache is written and read; the next answer starts at the first again."""
    context = machine.emitted.manifest.context
    full, short = prompts[9][:100], prompts[3]
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        for prompt, count in ((full, context - len(full)), (short, 3)):
            found = list(generate(device, prompt, count=count))
            assert [t.token for t in found] == list(golden.generate(prompt, count))
            assert found[-1].position == len(prompt) + count - 1


def test_an_answer_after_a_soft_stop(machine: Machine, golden: IntegerModel) -> None:
    """Stopping leaves nothing behind in the streams."""
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        stopped = generate(device, [1, 2, 3], count=40)
        next(stopped)
        stopped.stop()
        assert len(list(stopped)) <= 2
        found = [t.token for t in generate(device, [9, 8, 7, 6], count=4)]
    assert found == list(golden.generate([9, 8, 7, 6], 4))


def test_a_reset_in_mid_answer(machine: Machine, golden: IntegerModel) -> None:
    """Reset at any time returns every part to its initial state."""
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        for cycles in (1_003, 9_001, 30_007):
            unfinished = generate(device, list(range(20)), count=8)
            device.step(cycles)
            device.reset()
            del unfinished
            found = [t.token for t in generate(device, [9, 8, 7, 6], count=2)]
            assert found == list(golden.generate([9, 8, 7, 6], 2))
