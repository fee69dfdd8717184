# SPDX-License-Identifier: Apache-2.0
"""The emitted Verilog of gpt2-shakespeare writes what the integer reference says."""

import pytest

from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.performance.estimate import Estimate
from streamhw.frontend import Model
from streamhw.quantization.config import QuantConfig
from streamhw.reference.integer_model import IntegerModel
from streamhw.runtime.driver import generate
from streamhw.sim.device import SimDevice
from tests.e2e.machine import Machine

TOKENS = 12


def test_verilog_has_no_warnings(machine: Machine) -> None:
    assert machine.library.warnings == ()


@pytest.mark.parametrize("index", range(10))
def test_tokens_equal_the_reference(
    machine: Machine, golden: IntegerModel, prompts: list[list[int]], index: int
) -> None:
    prompt = prompts[index]
    answer = machine.answer(prompt, TOKENS)
    assert [t.token for t in answer.tokens] == list(golden.generate(prompt, TOKENS))


def test_a_long_answer_equals_the_reference(
    machine: Machine, golden: IntegerModel, model: Model
) -> None:
    assert model.tokenizer is not None
    prompt = model.tokenizer.encode("ROMEO.")
    answer = machine.answer(prompt, 48)
    assert [t.token for t in answer.tokens] == list(golden.generate(prompt, 48))


@pytest.mark.parametrize("stall_seed", [1, 2, 3])
def test_tokens_do_not_depend_on_memory_stalls(
    machine: Machine, golden: IntegerModel, prompts: list[list[int]], stall_seed: int
) -> None:
    for prompt in prompts:
        count = 4 if len(prompt) < 40 else 2
        answer = machine.answer(prompt, count, stalls=0.3, seed=stall_seed)
        assert [t.token for t in answer.tokens] == list(golden.generate(prompt, count))


@pytest.mark.parametrize(("index", "stalls"), [(3, 0.0), (7, 0.3)])
def test_every_stream_equals_the_reference(
    observed: Machine, prompts: list[list[int]], index: int, stalls: float
) -> None:
    answer = observed.answer(prompts[index], 4, check=True, stalls=stalls, seed=5)
    assert answer.compared is not None
    assert answer.compared.streams >= 37
    assert answer.compared.beats > 50_000  # an operand passes once, not for every tile
    depths = observed.design.queues
    assert answer.peaks and all(peak <= depths[name] for name, peak in answer.peaks.items())


def test_queues_hold_at_full_group_and_context(observed: Machine, prompts: list[list[int]]) -> None:
    answer = observed.answer(prompts[9], 28)
    depths = observed.design.queues
    assert len(answer.tokens) == 28
    assert all(peak <= depths[name] for name, peak in answer.peaks.items())


def test_answers_follow_each_other_without_reset(machine: Machine, golden: IntegerModel) -> None:
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        for prompt in ([5, 6, 7], [300], list(range(20))):
            found = [t.token for t in generate(device, prompt, count=4)]
            assert found == list(golden.generate(prompt, 4))


def test_an_end_token_ends_the_answer(machine: Machine, golden: IntegerModel) -> None:
    expected = list(golden.generate([40, 41, 42], 8))
    end = expected[3]
    other = next(token for token in range(512) if token not in expected)
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        for ends in ((end,), (other, end), (end, other), (other, expected[7], end)):
            found = [t.token for t in generate(device, [40, 41, 42], count=8, ends=ends)]
            assert found == expected[: expected.index(end) + 1], ends


def test_an_end_token_of_the_host_passes_the_check(observed: Machine, golden: IntegerModel) -> None:
    expected = list(golden.generate([40, 41, 42], 6))
    other = next(token for token in range(512) if token not in expected)
    answer = observed.answer([40, 41, 42], 6, check=True, ends=(other, expected[2]))
    assert [t.token for t in answer.tokens] == expected[: expected.index(expected[2]) + 1]
    assert answer.compared is not None and answer.compared.beats > 20_000


def test_a_soft_stop_ends_the_answer_early(machine: Machine) -> None:
    with SimDevice(machine.emitted.manifest, machine.library, machine.image) as device:
        answer = generate(device, [1, 2, 3], count=40)
        found = [next(answer)]
        answer.stop()
        found += list(answer)
    assert 1 <= len(found) <= 3


@pytest.mark.parametrize("index", [0, 2, 7, 8])
def test_predicted_cycles_are_within_five_percent(
    machine: Machine, prompts: list[list[int]], index: int
) -> None:
    prompt = prompts[index]
    answer = machine.answer(prompt, 6)
    predicted = Estimate.placed(machine.design).answer(len(prompt), len(prompt) + 6)
    simulated = [t.cycles for t in answer.tokens]
    print(f"prompt {len(prompt)}: simulated {simulated}, predicted {predicted}")
    assert predicted.prompt == pytest.approx(simulated[0], rel=0.05)
    for cycles, real in zip(predicted.tokens, simulated[1:], strict=True):
        assert cycles == pytest.approx(real, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("board", "bits"), [("sim", 8), ("ulx3s", 4)])
def test_other_boards_and_weights(machine_of, prompts, board: str, bits: int) -> None:
    config = BuildConfig(quantization=QuantConfig(weight_bits=bits))
    machine = machine_of(board, config, observed=True)
    assert machine.library.warnings == ()
    reference = IntegerModel(machine.quantized, layer_table().reference)
    for prompt in (prompts[2], prompts[7]):
        answer = machine.answer(prompt, 6, check=True)
        assert [t.token for t in answer.tokens] == list(reference.generate(prompt, 6))
        predicted = Estimate.placed(machine.design).answer(len(prompt), len(prompt) + 6)
        real = sum(t.cycles for t in answer.tokens)
        print(f"{board} W{bits}, prompt {len(prompt)}: {real}, predicted {predicted.total:.0f}")
        assert predicted.total == pytest.approx(real, rel=0.05)
