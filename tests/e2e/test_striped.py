# SPDX-License-Identifier: Apache-2.0
"""A memory striped over eight ports: wide beats, token lanes, narrow parameters, and its cycles."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.boards.memory.catalog import MEMORIES
from streamhw.boards.memory.ideal import IDEAL
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.lowering.parameter_routing import NARROW, PARAMETER_DEMUX
from streamhw.compiler.performance.estimate import Estimate
from streamhw.compiler.pipeline import compile_model
from streamhw.compiler.sizing.prefetch_depth import with_prefetch
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from tests.e2e.machine import Machine
from tests.tiny import write_tiny


def test_every_stream_of_a_tiny_model(
    machine_of: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiny = load(
        str(write_tiny(tmp_path_factory.mktemp("model") / "tiny", features=128, hidden=256))
    )
    board = load_board("sim")
    (port,) = board.ports
    board = replace(
        board,
        ports=tuple(replace(port, name=f"mem{n}", address=n << 24) for n in range(8)),
        striped=True,
        target=replace(board.target, multipliers=1024, lanes=8, token_lanes=2, fabric_lanes=1),
        paired=True,
    )
    design = compile_model(tiny, board, BuildConfig(quantization=QuantConfig(scale_group=32)))
    names = {instance.name for instance in design.instances}
    assert {PARAMETER_DEMUX, f"{NARROW}_{PARAMETER_DEMUX}"} <= names
    assert all(len(at) == 8 for at in design.placement.ports.values())
    machine = machine_of(design=design, of=tiny, observed=True)
    prompt = [5, 9, 33, 2, 1, 17, 8, 4, 60, 11]
    for stalls in (0.0, 0.3):
        answer = machine.answer(prompt, 5, check=True, stalls=stalls)
        assert len(answer.tokens) == 5
    # All beats of a step wait on chip, or as few as the linear program asks for: then a token of
    # this small model is mostly latencies of writes and reads that pass each other at memory.
    deep = replace(
        design,
        instances=with_prefetch(design.instances, board, board.target.prefetch),
        depths=replace(design.depths, ahead=board.target.prefetch),
    )
    wrong = []
    for name, each in (("deep", machine_of(design=deep, of=tiny)), ("computed", machine)):
        for memory in MEMORIES.values():
            # In a prompt this short it is chance how many channels refresh while it wants beats.
            prompts = 0.05 if memory is IDEAL else 0.1
            simulated = [t.cycles for t in each.answer(prompt, 5, memory=memory).tokens]
            predicted = Estimate.placed(each.design, memory).answer(len(prompt), len(prompt) + 5)
            errors = (
                predicted.prompt / simulated[0] - 1,
                sum(predicted.tokens) / sum(simulated[1:]) - 1,
            )
            row = f"{name} {memory.name}: {simulated} cycles, {errors[0]:+.1%} {errors[1]:+.1%}"
            print(row)
            if abs(errors[0]) > prompts or abs(errors[1]) > 0.05:
                wrong.append(row)
    assert wrong == []
