# SPDX-License-Identifier: Apache-2.0
"""Sequencer: one start gives every step of an answer, in order, and the right end."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator

from streamhw.stream.control.sequencer import Sequencer

CONTEXT, VOCABULARY = 20, 50


def following(history):
    """The model: any function of the tokens so far."""
    return (sum(history) * 7 + len(history) * 3) % VOCABULARY


def expected(prompt, total, *, tokens, layers, eos=None, stop_after=None):
    """Tokens of the window, and all that the sequencer sends."""
    window, sent, steps = list(prompt), [], []
    begin = 0
    if not prompt or total <= len(prompt) or total > CONTEXT:
        return window, sent, steps
    while True:
        n = min(tokens, len(window) - begin)
        head = int(begin + n == len(window))
        sent += [(window[p], p) for p in range(begin, begin + n)]
        steps += [(0, head, n, begin, layer) for layer in range(layers)]
        begin += n
        if head:
            steps.append((1, 1, 1, begin - 1, 0))
            window.append(following(window))
            made = len(window) - len(prompt)
            if len(window) >= total or window[-1] == eos or made == stop_after:
                return window, sent, steps


class Bench(wiring.Component):
    """The sequencer with its token memory."""

    def __init__(self, **parameters):
        self.sequencer = Sequencer(**parameters)
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = s = self.sequencer
        m.submodules.memory = self.memory = Memory(shape=s.token_width, depth=CONTEXT, init=[])
        read, write = self.memory.read_port(), self.memory.write_port()
        m.d.comb += [
            read.addr.eq(s.token_read_addr),
            s.token_read_data.eq(read.data),
            write.addr.eq(s.token_write_addr),
            write.data.eq(s.token_write_data),
            write.en.eq(s.token_write_enable),
        ]
        return m


def play(runs, *, tokens, layers, stall, seed):
    """Starts each run of (prompt, total, eos, stop_after) in turn on one machine; checks all.

    A run that stops after 0 tokens is stopped with its start, and has one.
    """
    bench = Bench(tokens=tokens, context=CONTEXT, layers=layers, vocabulary=VOCABULARY)
    s = bench.sequencer
    rng = random.Random(seed)

    async def test(ctx):
        for prompt, total, eos, stop_after in runs:
            window, sent, steps = expected(
                prompt,
                total,
                tokens=tokens,
                layers=layers,
                eos=eos,
                stop_after=None if stop_after is None else max(1, stop_after),
            )
            for n, token in enumerate(prompt):
                ctx.set(bench.memory.data[n], token)
            ctx.set(s.cfg_prompt_length, len(prompt))
            ctx.set(s.cfg_total_length, total)
            ctx.set(s.cfg_eos_enable, eos is not None)
            ctx.set(s.cfg_eos, eos or 0)
            ctx.set(s.cfg_start, 1)
            ctx.set(s.cfg_stop, stop_after == 0)
            await ctx.tick()
            ctx.set(s.cfg_start, 0)
            assert ctx.get(s.stat_busy) and not ctx.get(s.stat_done)
            assert ctx.get(s.stat_count) == len(prompt)
            got = {"token": [], "position": [], "step": []}
            held = {}
            answers = []
            offering = False
            made, last_position = 0, 0
            for cycle in range(4000):
                if not ctx.get(s.stat_busy):
                    break
                stop = stop_after is not None and made == stop_after - 1 and cycle > 3
                ctx.set(s.cfg_stop, stop and not answers)
                # no answer before the model has all tokens
                told = min(len(got["token"]), len(got["position"])) > last_position
                offering = offering or (bool(answers) and told and rng.random() >= stall)
                ctx.set(s.i_next.valid, offering)
                if offering:
                    ctx.set(s.i_next.payload[0], answers[0])
                for name in got:
                    port = getattr(s, f"o_{name}")
                    ready = rng.random() >= stall
                    ctx.set(port.ready, ready)
                    valid = ctx.get(port.valid)
                    if name == "step":
                        step = ctx.get(port.payload)
                        beat = tuple(int(step[member]) for member in s.layout.members)
                    else:
                        beat = ctx.get(port.payload[0])
                    assert name not in held or (valid and held[name] == beat)
                    held.pop(name, None)
                    if valid and ready:
                        got[name].append(beat)
                        if name == "step" and beat[0]:
                            last_position = beat[3]
                            answers.append(following(window[: last_position + 1]))
                    elif valid:
                        held[name] = beat
                if offering and ctx.get(s.i_next.ready):
                    made += 1
                    await ctx.tick()
                    answers.pop(0)
                    offering = False
                else:
                    await ctx.tick()
            ctx.set(s.cfg_stop, 0)
            ctx.set(s.i_next.valid, 0)
            assert ctx.get(s.stat_done) and not ctx.get(s.stat_busy)
            assert ctx.get(s.stat_count) == len(window)
            assert list(zip(got["token"], got["position"], strict=True)) == sent
            assert got["step"] == steps
            assert [ctx.get(bench.memory.data[n]) for n in range(len(window))] == window

    simulator = Simulator(bench)
    simulator.add_clock(1e-8)
    simulator.add_testbench(test)
    simulator.run()


@pytest.mark.parametrize("stall", [0, 0.3, 0.8])
@pytest.mark.parametrize(("tokens", "layers"), [(4, 3), (1, 1), (3, 1), (CONTEXT, 2)])
def test_answers(tokens, layers, stall):
    rng = random.Random(tokens)
    runs = []
    for length in (1, tokens, min(2 * tokens + 1, CONTEXT - 3), 7):
        length = min(length, CONTEXT - 1)
        prompt = [rng.randrange(VOCABULARY) for _ in range(length)]
        runs.append((prompt, rng.randint(length + 1, CONTEXT), None, None))
    play(runs, tokens=tokens, layers=layers, stall=stall, seed=tokens)


@pytest.mark.parametrize("stall", [0, 0.5])
def test_ends(stall):
    prompt = [3, 1, 4, 1, 5]
    whole, _, _ = expected(prompt, 18, tokens=2, layers=2)
    runs = [
        (prompt, 18, whole[9], None),
        (prompt, 18, None, 4),
        (prompt, 18, None, 1),
        (prompt, 18, None, 0),
        (prompt, 18, whole[5], None),
        (prompt, CONTEXT, None, None),
        ([], 9, None, None),
        (prompt, 5, None, None),
        (prompt, CONTEXT + 1, None, None),
        (prompt, 6, None, None),
    ]
    play(runs, tokens=2, layers=2, stall=stall, seed=2)


def test_timing():
    s = Sequencer(tokens=3, context=CONTEXT, layers=2, vocabulary=VOCABULARY)
    seen = {"token": [], "step": []}

    async def test(ctx):
        ctx.set(s.cfg_prompt_length, 5)
        ctx.set(s.cfg_total_length, 9)
        ctx.set(s.cfg_start, 1)
        for name in ("token", "position", "step"):
            ctx.set(getattr(s, f"o_{name}").ready, 1)
        for cycle in range(40):
            for name, cycles in seen.items():
                if ctx.get(getattr(s, f"o_{name}").valid):
                    cycles.append(cycle)
            ctx.set(s.i_next.valid, cycle == 30)
            await ctx.tick()
            ctx.set(s.cfg_start, 0)

    simulator = Simulator(s)
    simulator.add_clock(1e-8)
    simulator.add_testbench(test)
    simulator.run()
    assert seen["token"] == [4, 6, 8, 13, 15, 33]
    assert seen["step"] == [9, 10, 16, 17, 18, 34, 35, 36]


def test_errors():
    parameters = {"tokens": 2, "context": 8, "layers": 1, "vocabulary": 9}
    for name in ("tokens", "layers", "vocabulary"):
        with pytest.raises(ValueError, match=rf"^Sequencer {name} must be at least 1, not 0$"):
            Sequencer(**(parameters | {name: 0}))
    with pytest.raises(ValueError, match=r"^Sequencer tokens must be at most context 8, not 9$"):
        Sequencer(**(parameters | {"tokens": 9}))
