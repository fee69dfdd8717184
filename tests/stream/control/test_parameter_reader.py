# SPDX-License-Identifier: Apache-2.0
"""Parameter reader: a run of memory for every step, and layer 0 before its step is known."""

import random

import pytest
from amaranth.sim import Simulator

from streamhw.stream.control.parameter_reader import ParameterReader, ParameterRun
from streamhw.stream.control.step_layout import step_layout

LAYERS, BASE = 3, 1 << 20
BODY, STRIDE, TAIL = ParameterRun(256, 7), 4096, ParameterRun(16384, 5)
LAYOUT = step_layout(tokens=4, context=16, layers=LAYERS)


def passes(heads):
    """Steps as the sequencer sends them: all layers, then a tail where the pass has a head."""
    for head in heads:
        yield from ({"tail": 0, "layer": layer} for layer in range(LAYERS))
        if head:
            yield {"tail": 1, "layer": 0}


def asked(heads):
    """Commands (address, beats) for these passes: all runs in order, layer 0 behind every tail."""
    for head, before in zip(heads, [False, *heads], strict=False):
        for layer in range(1 if before else 0, LAYERS):
            yield BASE + BODY.offset + layer * STRIDE, BODY.beats
        if head:
            yield BASE + TAIL.offset, TAIL.beats
            yield BASE + BODY.offset, BODY.beats


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slow", ["none", "i_step", "o_command", "o_program", "all"])
def test_commands_and_programs(seed, slow):
    rng = random.Random(seed)
    heads = [rng.random() < 0.6 for _ in range(8)]
    steps = list(passes(heads))
    reader = ParameterReader(layout=LAYOUT, body=BODY, stride=STRIDE, tail=TAIL)
    found = {"o_command": [], "o_program": []}

    def moves(name):
        return slow not in (name, "all") or rng.random() < 0.3

    async def feed(ctx):
        ctx.set(reader.cfg_base, BASE)
        for step in steps:
            while not moves("i_step"):
                await ctx.tick()
            ctx.set(reader.i_step.payload, step)
            ctx.set(reader.i_step.valid, 1)
            await ctx.tick().until(reader.i_step.ready)
            ctx.set(reader.i_step.valid, 0)

    def take(name):
        port = getattr(reader, name)

        async def run(ctx):
            while True:
                ctx.set(port.ready, moves(name))
                _, _, valid, ready, payload = await ctx.tick().sample(
                    port.valid, port.ready, port.payload
                )
                if valid and ready:
                    found[name].append(payload)

        return run

    simulator = Simulator(reader)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    for name in found:
        simulator.add_testbench(take(name), background=True)
    simulator.run()
    # What was still to come when the last step was taken.
    simulator.run_until(2000e-6)
    assert [(c.address, c.beats) for c in found["o_command"]] == list(asked(heads)), seed
    assert [p[0] for p in found["o_program"]] == [step["tail"] for step in steps], seed


def test_runs_have_beats():
    with pytest.raises(ValueError, match=r"^ParameterReader tail must have beats, not 0$"):
        ParameterReader(layout=LAYOUT, body=BODY, stride=STRIDE, tail=ParameterRun(0, 0))
