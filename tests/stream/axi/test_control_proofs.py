# SPDX-License-Identifier: Apache-2.0
"""Proofs without a depth of the control slave, for all hosts and machines."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring

from streamhw.stream.axi.control_slave import ControlSlave
from streamhw.testing import ProofError, prove_always
from tests.stream.axi.proof_rules import past, shown_stays

CONTEXT, ALIGNMENT = 3, 4
PLACE = 1
"""A place of the window; others are like it."""
FREE = (
    *("stat_busy", "stat_running", "stat_fault", "stat_idle", "stat_closing", "stat_counting"),
    *("token_read_addr", "token_write_addr", "token_write_data", "token_write_enable"),
    "counter_value",
)


def prove_control(dut: wiring.Component) -> None:
    """What runs was legal when it began, and stays as it was; the host sees AXI4-Lite's rules."""
    m = Module()
    m.submodules.dut = dut
    bus = dut.bus
    prompt, total, base = dut.cfg_prompt_length, dut.cfg_total_length, dut.cfg_base
    settings = Cat(prompt, total, base, dut.cfg_eos, dut.cfg_eos_enable, dut.cfg_watchdog)
    running = dut.stat_busy | dut.cfg_start
    # the machine's last token at the place since it runs
    written, token = Signal(), Signal(len(dut.token_write_data))
    here = dut.token_write_enable & (dut.token_write_addr == PLACE)
    m.d.sync += [
        written.eq((written | here) & running),
        token.eq(Mux(here, dut.token_write_data, token)),
    ]
    read = past(m, written & (dut.token_read_addr == PLACE))
    m.d.comb += [
        Assume(~past(m, dut.cfg_start) | dut.stat_busy),
        Assert(~dut.cfg_start | (prompt != 0) & (prompt < total) & (total <= CONTEXT)),
        Assert(~dut.cfg_start | (base & (ALIGNMENT - 1) == 0) & (base[40:] == 0)),
        Assert(~dut.cfg_start | past(m, dut.stat_running & ~dut.stat_fault.any())),
        Assert(~past(m, dut.stat_busy) | ~dut.cfg_start & ~dut.cfg_clear),
        Assert(~past(m, running) | (settings == past(m, settings))),
        Assert(~read | (dut.token_read_data == past(m, token))),
        Assert(shown_stays(m, bus.b, unless=0)),
        Assert(shown_stays(m, bus.r, unless=0)),
    ]
    inputs = [getattr(dut, name) for name in FREE]
    inputs += [bus.b.ready, bus.r.ready]
    for channel in (bus.aw, bus.w, bus.ar):
        inputs += [channel.valid, Value.cast(channel.payload)]
    prove_always(m, ports=inputs, covers=[dut.cfg_start], depth=14)


def test_control() -> None:
    prove_control(ControlSlave(context=CONTEXT, token_width=2, alignment=ALIGNMENT))


def test_a_larger_context_is_refuted() -> None:
    with pytest.raises(ProofError, match="an assertion fails"):
        prove_control(ControlSlave(context=CONTEXT + 1, token_width=2, alignment=ALIGNMENT))
