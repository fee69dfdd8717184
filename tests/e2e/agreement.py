# SPDX-License-Identifier: Apache-2.0
"""What a simulated design must agree with: the integer reference, and the predicted cycles."""

import pytest

from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.performance.estimate import Estimate
from streamhw.reference.integer_model import IntegerModel
from tests.e2e.machine import Machine

__all__ = ["check_cycles", "check_streams"]

PROMPT = [(7 * n + 3) % 60 for n in range(9)]


def check_streams(machine: Machine) -> None:
    """Every token and stream of an answer, with memory that stalls in 30 % of cycles."""
    golden = IntegerModel(machine.quantized, layer_table().reference)
    answer = machine.answer(PROMPT, 12, check=True, stalls=0.3, seed=1)
    assert [t.token for t in answer.tokens] == list(golden.generate(PROMPT, 12))
    assert answer.compared is not None and answer.compared.streams >= 20


def check_cycles(machine: Machine) -> None:
    """The first token and a later one, within 5 %."""
    cycles = [t.cycles for t in machine.answer(PROMPT, 4).tokens]
    predicted = Estimate.placed(machine.design).answer(len(PROMPT), len(PROMPT) + 4)
    assert predicted.prompt == pytest.approx(cycles[0], rel=0.05)
    assert predicted.tokens[-1] == pytest.approx(cycles[-1], rel=0.05)
