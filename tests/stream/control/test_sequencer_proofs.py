# SPDX-License-Identifier: Apache-2.0
"""A proof without a depth of the sequencer: it stays in the window, and its streams keep rules."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Signal, Value

from streamhw.stream.control.sequencer import Sequencer
from streamhw.testing import ProofError, prove_always
from tests.stream.axi.proof_rules import moves, past, shown_stays

CONTEXT = 5


def prove_window(end: int) -> None:
    """``end``: place behind the last that may be written; settings are what the registers allow."""
    m = Module()
    m.submodules.dut = dut = Sequencer(tokens=2, context=CONTEXT, layers=2, vocabulary=3)
    prompt, total = dut.cfg_prompt_length, dut.cfg_total_length
    settings = Cat(prompt, total)
    running = dut.stat_busy | dut.cfg_start
    count, place = dut.stat_count, dut.token_write_addr
    m.d.comb += [
        Assume(~running | (prompt != 0) & (prompt < total) & (total <= CONTEXT)),
        Assume(~past(m, running) | (settings == past(m, settings))),
        Assert(~dut.token_write_enable | dut.stat_busy),
        Assert(~dut.token_write_enable | (place >= prompt) & (place < total) & (place < end)),
        Assert(dut.token_read_addr <= CONTEXT),
        Assert(~dut.stat_busy | (count >= prompt) & (count <= total)),
        Assert(~(dut.stat_busy & dut.stat_done)),
        # a token is counted in the cycle in which it is written, and nothing else is
        Assert(~past(m, dut.stat_busy) | (count == past(m, count + dut.token_write_enable)[:3])),
        Assert(~dut.o_step.valid | (dut.o_step.p.tokens >= 1) & (dut.o_step.p.tokens <= 2)),
        Assert(~dut.o_step.valid | (dut.o_step.p.position < total)),
        Assert(~dut.o_step.valid | (dut.o_step.p.layer < 2)),
    ]
    outputs = dut.o_token, dut.o_position, dut.o_step
    m.d.comb += [Assert(shown_stays(m, each, unless=0)) for each in outputs]
    inputs: list[Value] = [dut.cfg_start, dut.cfg_stop, prompt, total, dut.cfg_eos]
    inputs += [dut.cfg_eos_enable, dut.token_read_data, dut.i_next.valid]
    inputs += [Value.cast(dut.i_next.payload), *(each.ready for each in outputs)]
    tail = Signal()
    m.d.comb += tail.eq(moves(dut.o_step) & dut.o_step.p.tail)
    prove_always(m, ports=inputs, covers=[tail, dut.token_write_enable], depth=16)


def test_the_window() -> None:
    prove_window(CONTEXT)


def test_a_shorter_window_is_refuted() -> None:
    with pytest.raises(ProofError, match="an assertion fails"):
        prove_window(CONTEXT - 1)
