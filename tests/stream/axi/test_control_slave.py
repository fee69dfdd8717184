# SPDX-License-Identifier: Apache-2.0
"""Control against cocotbext-axi: registers, window, strobes, errors, order of AW and W, reset."""

import random

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from streamhw.stream.axi import register_map as registers
from streamhw.stream.axi.control_slave import ControlSlave
from streamhw.testing import run_cocotb
from tests.stream.axi.support import Pinned, check_held, pauses, reset, start

CONTEXT, TOKEN_WIDTH, BUILD = 40, 13, 0xCAFE1234
PORTS, ALIGNMENT = 3, 64
WINDOW = registers.window_offset(CONTEXT)
PULSES = ("start", "stop", "abort", "clear", "forget")
INPUTS = [
    *("stat_busy", "stat_done", "stat_read_errors", "stat_write_errors", "stat_count"),
    *("stat_fault", "stat_fault_port", "stat_fault_write", "stat_fault_address"),
    *("stat_running", "stat_closing", "stat_idle", "stat_stuck"),
    *("token_read_addr", "token_write_addr", "token_write_data", "token_write_enable"),
    *("counter_value", "stat_counting"),
]


def test_control() -> None:
    control = ControlSlave(
        context=CONTEXT, token_width=TOKEN_WIDTH, ports=PORTS, alignment=ALIGNMENT
    )
    run_cocotb(Pinned(control, {"bus": "s_axil"}), module=__name__)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^Control context must be at least 2, not 1$"):
        ControlSlave(context=1, token_width=16)
    with pytest.raises(ValueError, match=r"^Control token_width must be 1 to 31 bits, not 32$"):
        ControlSlave(context=8, token_width=32)
    with pytest.raises(ValueError, match=r"^Control ports must be 1 to 32, not 33$"):
        ControlSlave(context=8, token_width=3, ports=33)
    with pytest.raises(ValueError, match=r"^Control alignment must be a power of two, not 24$"):
        ControlSlave(context=8, token_width=3, alignment=24)


async def begin(dut) -> AxiLiteMaster:
    """A master after reset, with all inputs of the machine's side at 0."""
    for name in INPUTS:
        getattr(dut, name).value = 0
    dut.stat_build.value = BUILD
    dut.stat_running.value = 1
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    await start(dut)
    fields = {"s_axil_b": ["s_axil_bresp"], "s_axil_r": ["s_axil_rdata", "s_axil_rresp"]}
    cocotb.start_soon(check_held(dut, fields))
    return master


async def peek(master: AxiLiteMaster, address: int) -> int:
    answer = await master.read(address, 4)
    assert answer.resp == AxiResp.OKAY
    return int.from_bytes(answer.data, "little")


async def poke(master: AxiLiteMaster, address: int, value: int) -> None:
    assert (await master.write(address, value.to_bytes(4, "little"))).resp == AxiResp.OKAY


async def set_legal(master: AxiLiteMaster) -> None:
    """Settings with which the machine starts."""
    await poke(master, registers.PROMPT_LENGTH, CONTEXT - 1)
    await poke(master, registers.TOTAL_LENGTH, CONTEXT)


def count_pulses(dut) -> dict[str, int]:
    """How often each has been 1 from now on."""
    pulses = dict.fromkeys((f"cfg_{name}" for name in PULSES), 0)

    async def count():
        while True:
            await RisingEdge(dut.clk)
            for name in pulses:
                pulses[name] += int(getattr(dut, name).value)

    cocotb.start_soon(count())
    return pulses


@cocotb.test()
async def registers_read_and_write(dut):
    master = await begin(dut)
    assert await peek(master, registers.ID) == registers.ID_VALUE
    assert await peek(master, registers.BUILD) == BUILD
    assert await peek(master, registers.CONTROL) == 0
    await poke(master, registers.PROMPT_LENGTH, 7)
    await poke(master, registers.TOTAL_LENGTH, 40)
    await poke(master, registers.EOS, registers.EOS_ENABLE | 0x1ABC)
    await poke(master, registers.BASE_LO, 0x89ABCDEF)
    await poke(master, registers.BASE_HI, 0x01234567)
    assert dut.cfg_prompt_length.value == 7
    assert dut.cfg_total_length.value == 40
    assert (int(dut.cfg_eos.value), int(dut.cfg_eos_enable.value)) == (0x1ABC, 1)
    assert dut.cfg_base.value == 0x0123456789ABCDEF
    assert await peek(master, registers.PROMPT_LENGTH) == 7
    assert await peek(master, registers.TOTAL_LENGTH) == 40
    assert await peek(master, registers.EOS) == registers.EOS_ENABLE | 0x1ABC
    assert await peek(master, registers.BASE_LO) == 0x89ABCDEF
    assert await peek(master, registers.BASE_HI) == 0x01234567
    # single bytes
    await master.write(registers.BASE_LO + 1, b"\x55")
    await master.write(registers.EOS + 3, b"\x00")
    assert dut.cfg_base.value == 0x0123456789AB55EF
    assert (int(dut.cfg_eos.value), int(dut.cfg_eos_enable.value)) == (0x1ABC, 0)
    for busy, done, error in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]:
        dut.stat_busy.value, dut.stat_done.value = busy, done
        dut.stat_read_errors.value, dut.stat_write_errors.value = error * (2 + busy), error * done
        dut.stat_fault.value = error * registers.MemoryFault.DECERR
        dut.stat_count.value = 33 + busy
        assert await peek(master, registers.STATUS) == busy | done << 1 | error << 2
        assert await peek(master, registers.READ_ERRORS) == error * (2 + busy)
        assert await peek(master, registers.WRITE_ERRORS) == error * done
        assert await peek(master, registers.COUNT) == 33 + busy
    await reset(dut)
    for address in (registers.PROMPT_LENGTH, registers.EOS, registers.BASE_LO, registers.BASE_HI):
        assert await peek(master, address) == 0


@cocotb.test()
async def addresses_without_anything_are_errors(dut):
    master = await begin(dut)
    last = registers.PORT_BEATS + 2 * PORTS * registers.COUNTER_SPAN - 4
    nothing = [
        *(registers.OBSERVED + 4, 0x100, registers.COUNTERS - 4, last + 4),
        *(2 * registers.COUNTERS - 4, 2 * registers.COUNTERS),
        *(WINDOW - 4, WINDOW + 4 * CONTEXT, 2 * WINDOW - 4),
    ]
    for address in nothing:
        assert (await master.read(address, 4)).resp == AxiResp.SLVERR
        assert (await master.write(address, b"1234")).resp == AxiResp.SLVERR
    read_only = [registers.ID, registers.STATUS, registers.CYCLES_LO, registers.COUNT]
    for address in (*read_only, registers.TRANSFERS, last):
        await peek(master, address)
        assert (await master.write(address, b"1234")).resp == AxiResp.SLVERR
    assert await peek(master, registers.ID) == registers.ID_VALUE


@cocotb.test()
async def commands_are_pulses(dut):
    master = await begin(dut)
    await set_legal(master)
    pulses = count_pulses(dut)
    await poke(master, registers.CONTROL, registers.CONTROL_START)
    await ClockCycles(dut.clk, 4)
    assert pulses == {f"cfg_{name}": int(name == "start") for name in PULSES}
    # not with another byte, nor while busy
    await master.write(registers.CONTROL + 1, b"\xff")
    dut.stat_busy.value = 1
    await poke(master, registers.CONTROL, registers.CONTROL_START | registers.CONTROL_STOP)
    await ClockCycles(dut.clk, 4)
    assert [pulses[f"cfg_{name}"] for name in PULSES] == [1, 1, 0, 0, 0]
    every = registers.CONTROL_ABORT | registers.CONTROL_CLEAR | registers.CONTROL_FORGET
    await poke(master, registers.CONTROL, every)
    await ClockCycles(dut.clk, 4)
    assert [pulses[f"cfg_{name}"] for name in PULSES] == [1, 1, 1, 0, 1]  # no clear while busy
    dut.stat_busy.value = 0
    await poke(master, registers.CONTROL, registers.CONTROL_CLEAR)
    await ClockCycles(dut.clk, 4)
    assert [pulses[f"cfg_{name}"] for name in PULSES] == [1, 1, 1, 1, 1]


@cocotb.test()
async def faults_and_aborts_are_told(dut):
    master = await begin(dut)
    await set_legal(master)
    assert await peek(master, registers.WATCHDOG) == registers.WATCHDOG_DEFAULT
    await poke(master, registers.WATCHDOG, 77)
    assert dut.cfg_watchdog.value == 77
    dut.stat_idle.value = 1
    assert await peek(master, registers.STATUS) == registers.STATUS_IDLE
    dut.stat_counting.value = 1
    assert await peek(master, registers.STATUS) == 0
    dut.stat_counting.value = 0
    dut.stat_busy.value = 1
    assert await peek(master, registers.STATUS) == registers.STATUS_BUSY
    dut.stat_busy.value, dut.stat_idle.value, dut.stat_running.value = 0, 0, 0
    dut.stat_closing.value = 1
    await ClockCycles(dut.clk, 2)
    dut.stat_closing.value, dut.stat_stuck.value = 0, 1
    aborted = registers.STATUS_ABORTED
    assert await peek(master, registers.STATUS) == aborted | registers.STATUS_STUCK
    dut.stat_fault.value, dut.stat_fault_port.value = registers.MemoryFault.SHORT, 19
    dut.stat_fault_write.value, dut.stat_fault_address.value = 1, 0x89_ABCD_EF01
    assert await peek(master, registers.FAULT) == 4 | registers.FAULT_WRITE | 19 << 8
    assert await peek(master, registers.FAULT_ADDRESS_LO) == 0xABCDEF01
    assert await peek(master, registers.FAULT_ADDRESS_HI) == 0x89
    error = aborted | registers.STATUS_STUCK | registers.STATUS_ERROR
    assert await peek(master, registers.STATUS) == error
    # the fault is the first reason, an abort that has not ended the next
    for reason in (registers.Refusal.MEMORY, registers.Refusal.DRAINING):
        await poke(master, registers.CONTROL, registers.CONTROL_START)
        assert await peek(master, registers.STATUS) == error | reason << 8
        dut.stat_fault.value = 0
    dut.stat_running.value, dut.stat_idle.value, dut.stat_stuck.value = 1, 1, 0
    await poke(master, registers.CONTROL, registers.CONTROL_START)
    assert await peek(master, registers.STATUS) == registers.STATUS_IDLE  # not aborted any more


@cocotb.test()
async def illegal_settings_are_refused(dut):
    master = await begin(dut)
    pulses = count_pulses(dut)
    refusal, legal = registers.Refusal, (1, CONTEXT, 3 * ALIGNMENT, 0, 1)
    cases = [
        (refusal.PROMPT, (0, 4, 0, 0, 1)),
        (refusal.TOTAL, (4, 4, 0, 0, 1)),
        (refusal.TOTAL, (64, 40, 0, 0, 1)),  # a bit that no position has
        (refusal.CONTEXT, (80, 70, 0, 0, 1)),
        (refusal.CONTEXT, (1, CONTEXT + 1, 0, 0, 1)),
        (refusal.CONTEXT, (4, 1 << 31, 0, 0, 1)),
        (refusal.BASE, (1, 2, ALIGNMENT // 2, 0, 1)),
        (refusal.BASE, (1, 2, 1 << 40, 0, 1)),
        (refusal.MEMORY, (1, 2, 0, 2, 1)),
        (refusal.DRAINING, (1, 2, 0, 0, 0)),
        (refusal.NONE, legal),
        (refusal.NONE, (CONTEXT - 1, CONTEXT, (1 << 40) - ALIGNMENT, 0, 1)),
    ]
    started = 0
    for expected, (prompt, total, base, fault, running) in cases:
        await poke(master, registers.PROMPT_LENGTH, prompt)
        await poke(master, registers.TOTAL_LENGTH, total)
        await poke(master, registers.BASE_LO, base & 0xFFFFFFFF)
        await poke(master, registers.BASE_HI, base >> 32)
        dut.stat_fault.value, dut.stat_running.value = fault, running
        assert await peek(master, registers.PROMPT_LENGTH) == prompt
        await poke(master, registers.CONTROL, registers.CONTROL_START)
        await ClockCycles(dut.clk, 4)
        started += expected is refusal.NONE
        assert pulses["cfg_start"] == started, expected
        error = registers.STATUS_ERROR if expected else 0
        assert await peek(master, registers.STATUS) == error | expected << 8


@cocotb.test()
async def what_is_set_stays_while_busy(dut):
    """Every word below the end of the window, at random bytes: SLVERR, and nothing changes."""
    rng = random.Random(5)
    master = await begin(dut)
    await set_legal(master)
    await poke(master, registers.EOS, 17)
    await poke(master, registers.BASE_LO, ALIGNMENT)
    words = b"".join(n.to_bytes(4, "little") for n in range(CONTEXT))
    assert (await master.write(WINDOW, words)).resp == AxiResp.OKAY
    places = [
        *(registers.PROMPT_LENGTH, registers.TOTAL_LENGTH, registers.EOS),
        *(registers.BASE_LO, registers.BASE_HI, registers.WATCHDOG, registers.OBSERVED),
        *(WINDOW + 4 * n for n in range(CONTEXT)),
    ]
    before = {place: await peek(master, place) for place in places}
    await poke(master, registers.CONTROL, registers.CONTROL_START)
    dut.stat_busy.value = 1
    for place in rng.sample(places, len(places)):
        at = rng.randrange(4)
        answer = await master.write(place + at, rng.randbytes(rng.randrange(1, 5 - at)))
        assert answer.resp == AxiResp.SLVERR, hex(place)
    assert {place: await peek(master, place) for place in places} == before
    dut.stat_busy.value = 0
    await poke(master, registers.TOTAL_LENGTH, 7)
    assert await peek(master, registers.TOTAL_LENGTH) == 7


@cocotb.test()
async def counts_busy_cycles(dut):
    master = await begin(dut)
    await set_legal(master)
    await poke(master, registers.CONTROL, registers.CONTROL_START)
    await ClockCycles(dut.clk, 20)
    assert await peek(master, registers.CYCLES_LO) == 0
    dut.stat_busy.value = 1
    await ClockCycles(dut.clk, 57)
    dut.stat_busy.value = 0
    await ClockCycles(dut.clk, 20)
    assert await peek(master, registers.CYCLES_LO) == 57
    assert await peek(master, registers.CYCLES_HI) == 0
    await poke(master, registers.CONTROL, registers.CONTROL_START)
    await ClockCycles(dut.clk, 4)
    assert await peek(master, registers.CYCLES_LO) == 0


@cocotb.test()
async def counters_are_read_in_pairs(dut):
    """The high word is that of the cycle in which the low word was read, whatever counts on."""
    master = await begin(dut)
    await poke(master, registers.OBSERVED, 0x1234)
    assert dut.cfg_observed.value == 0x1234

    async def count():
        """Each number has a value of its own, which the next cycle no longer has."""
        changes = 0
        while True:
            await RisingEdge(dut.clk)
            number = int(dut.counter_number.value)
            changes += 1
            dut.counter_value.value = number << 33 | (changes & 1) << 32 | number << 1 | changes & 1

    cocotb.start_soon(count())
    for number in range(registers.counters(PORTS)):
        low = await peek(master, registers.COUNTERS + registers.COUNTER_SPAN * number)
        high = await peek(master, registers.COUNTERS + registers.COUNTER_SPAN * number + 4)
        assert (low >> 1, high >> 1) == (number, number)
        assert low & 1 == high & 1


@cocotb.test()
async def host_and_machine_share_the_window(dut):
    """All channels paused at random, while the machine appends at the same time."""
    rng = random.Random(4)
    master = await begin(dut)
    channels = [
        *(master.write_if.aw_channel, master.write_if.w_channel, master.write_if.b_channel),
        *(master.read_if.ar_channel, master.read_if.r_channel),
    ]
    tokens = [rng.getrandbits(TOKEN_WIDTH) for _ in range(CONTEXT)]
    half = CONTEXT // 2
    for rate in (0, 0.5):
        for i, channel in enumerate(channels):
            channel.set_pause_generator(pauses(i, rate))
        rng.shuffle(tokens)

        async def append():
            for i in range(half, CONTEXT):
                dut.token_write_addr.value = i
                dut.token_write_data.value = tokens[i]
                dut.token_write_enable.value = 1
                await ClockCycles(dut.clk, rng.choice([1, 1, 5]))
                dut.token_write_enable.value = 0
                await ClockCycles(dut.clk, rng.choice([0, 3]) or 1)

        machine = cocotb.start_soon(append())
        # bits above the token do not exist
        words = b"".join((t | 7 << TOKEN_WIDTH).to_bytes(4, "little") for t in tokens[:half])
        assert (await master.write(WINDOW, words)).resp == AxiResp.OKAY
        await machine
        for i in range(half):
            dut.token_read_addr.value = i
            await ClockCycles(dut.clk, 2)
            assert dut.token_read_data.value == tokens[i]
        answer = await master.read(WINDOW, 4 * CONTEXT)
        assert answer.resp == AxiResp.OKAY
        got = [int.from_bytes(answer.data[4 * i : 4 * i + 4], "little") for i in range(CONTEXT)]
        assert got == tokens
    await master.write(WINDOW + 4 * 5, b"\x5a")
    assert await peek(master, WINDOW + 4 * 5) == tokens[5] & ~0xFF | 0x5A


@cocotb.test()
async def data_may_come_before_its_address(dut):
    master = await begin(dut)
    for early, late in [("w", "aw"), ("aw", "w")]:
        for value in (11, 22):
            getattr(master.write_if, f"{late}_channel").pause = True
            write = cocotb.start_soon(poke(master, registers.PROMPT_LENGTH, value))
            await ClockCycles(dut.clk, 12)
            assert getattr(dut, f"s_axil_{early}ready").value == 0, "takes only one at a time"
            assert dut.cfg_prompt_length.value != value
            getattr(master.write_if, f"{late}_channel").pause = False
            await write
            assert dut.cfg_prompt_length.value == value


@cocotb.test()
async def reset_forgets_a_half_finished_write(dut):
    master = await begin(dut)
    master.write_if.w_channel.pause = True
    cocotb.start_soon(master.write(registers.PROMPT_LENGTH, b"\x09\0\0\0"))
    await ClockCycles(dut.clk, 10)
    await reset(dut)
    master.write_if.w_channel.pause = False
    await ClockCycles(dut.clk, 10)
    assert dut.s_axil_awready.value == 1
    assert dut.s_axil_bvalid.value == 0
    await poke(master, registers.TOTAL_LENGTH, 12)
    assert (int(dut.cfg_prompt_length.value), int(dut.cfg_total_length.value)) == (0, 12)
