# SPDX-License-Identifier: Apache-2.0
"""Arbiters between cocotbext-axi masters and memory: data, fairness, order, rate, reset."""

import random
from typing import Any

import cocotb
import pytest
from amaranth.sim import Simulator
from cocotb.triggers import ClockCycles, Combine
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiMasterRead,
    AxiMasterWrite,
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiResp,
    AxiSlaveRead,
    AxiSlaveWrite,
    AxiWriteBus,
)
from cocotbext.axi.axi_channels import AxiARMonitor, AxiARSource, AxiRSource

from streamhw.stream.axi.arbiter import ReadArbiter, WriteArbiter
from streamhw.testing import run_cocotb
from tests.stream.axi.support import Faulty, Pinned, check_held, pauses, reset, start

MASTERS, WIDTH = 3, 64
BYTES = WIDTH // 8
SIZE = 1 << 16
AREA = SIZE // 4
"""Each master writes to its own part of memory."""
PINS = {"masters": "s_axi", "memory": "m_axi"}


def test_read_arbiter() -> None:
    run_cocotb(Pinned(ReadArbiter(masters=MASTERS, width=WIDTH), PINS), module=__name__)


def test_write_arbiter() -> None:
    run_cocotb(Pinned(WriteArbiter(masters=MASTERS, width=WIDTH), PINS), module=__name__)


def test_one_master() -> None:
    arbiter = ReadArbiter(masters=1, width=WIDTH)
    master, memory = arbiter.masters[0], arbiter.memory

    async def bench(ctx):
        ctx.set(master.ar.p.addr, 64)
        ctx.set(master.ar.valid, 1)
        await ctx.tick()
        ctx.set(master.ar.valid, 0)
        assert ctx.get(memory.ar.valid)
        assert (ctx.get(memory.ar.p.addr), ctx.get(memory.ar.p.id)) == (64, 0)
        ctx.set(memory.r.p.data, 5)
        ctx.set(memory.r.valid, 1)
        await ctx.tick()
        ctx.set(memory.r.valid, 0)
        assert (ctx.get(master.r.valid), ctx.get(master.r.p.data)) == (1, 5)

    simulator = Simulator(arbiter)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"^ReadArbiter masters must be 1 to 16, not 17$"):
        ReadArbiter(masters=17, width=64)
    with pytest.raises(ValueError, match=r"^WriteArbiter masters must be 1 to 16, not 0$"):
        WriteArbiter(masters=0, width=64)
    with pytest.raises(ValueError, match=r"^WriteArbiter outstanding must be at least 1, not 0$"):
        WriteArbiter(masters=2, width=64, outstanding=0)


def masters_of(dut: Any) -> int:
    """How many masters the built arbiter has."""
    return sum(hasattr(dut, f"s_axi{i}_a{x}valid") for i in range(MASTERS) for x in "rw")


def reads(dut: Any) -> bool:
    return hasattr(dut, "m_axi_arvalid")


def channels(dut: Any) -> dict[str, list[str]]:
    if not reads(dut):
        return {
            "m_axi_aw": ["m_axi_awid", "m_axi_awaddr", "m_axi_awlen"],
            "m_axi_w": ["m_axi_wdata", "m_axi_wstrb", "m_axi_wlast"],
        } | {f"s_axi{i}_b": [f"s_axi{i}_bresp"] for i in range(masters_of(dut))}
    return {"m_axi_ar": ["m_axi_arid", "m_axi_araddr", "m_axi_arlen"]} | {
        f"s_axi{i}_r": [f"s_axi{i}_r{x}" for x in ("data", "resp", "last")]
        for i in range(masters_of(dut))
    }


async def traffic_read(master: AxiMasterRead, content: bytes, rng: random.Random) -> None:
    jobs = []
    for _ in range(8):
        size = rng.choice([BYTES, 16, rng.randint(1, 900)])
        address = rng.randrange(SIZE - size)
        jobs.append((address, size, master.init_read(address, size, arid=0)))
    for address, size, event in jobs:
        await event.wait()
        assert bytes(event.data.data) == content[address : address + size]


async def traffic_write(
    master: AxiMasterWrite, content: bytearray, area: int, rng: random.Random
) -> None:
    events = []
    for _ in range(8):
        size = rng.choice([BYTES, 3, rng.randint(1, 900)])
        address = area * AREA + rng.randrange(AREA - size)
        value = rng.randbytes(size)
        content[address : address + size] = value
        events.append(master.init_write(address, value, awid=0))
    for event in events:
        await event.wait()
        assert event.data.resp == AxiResp.OKAY


@cocotb.test()
async def serves_all_masters_under_stalls(dut):
    rng = random.Random(1)
    await start(dut)
    cocotb.start_soon(check_held(dut, channels(dut)))
    content = bytearray(rng.randbytes(SIZE))
    count = masters_of(dut)
    if reads(dut):
        ram = AxiRamRead(AxiReadBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=SIZE)
        masters = [
            AxiMasterRead(AxiReadBus.from_prefix(dut, f"s_axi{i}"), dut.clk, dut.rst)
            for i in range(count)
        ]
        sides = [(ram.ar_channel, ram.r_channel)]
        sides += [(x.ar_channel, x.r_channel) for x in masters]
    else:
        ram = AxiRamWrite(AxiWriteBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=SIZE)
        masters = [
            AxiMasterWrite(AxiWriteBus.from_prefix(dut, f"s_axi{i}"), dut.clk, dut.rst)
            for i in range(count)
        ]
        sides = [(ram.aw_channel, ram.w_channel, ram.b_channel)]
        sides += [(x.aw_channel, x.w_channel, x.b_channel) for x in masters]
    ram.write(0, bytes(content))
    await reset(dut)  # now that the models drive all inputs
    for run, (memory, master) in enumerate([(0, 0), (0.5, 0), (0, 0.6), (0.4, 0.4)]):
        for i, side in enumerate(sides):
            for j, channel in enumerate(side):
                rate = master if i else memory
                channel.set_pause_generator(pauses(100 * run + 10 * i + j, rate))
        if reads(dut):
            tasks = [traffic_read(x, content, random.Random(run)) for x in masters]
        else:
            tasks = [
                traffic_write(x, content, i, random.Random(run)) for i, x in enumerate(masters)
            ]
        await Combine(*[cocotb.start_soon(task) for task in tasks])
        assert ram.read(0, SIZE) == content


@cocotb.test()
async def grants_in_turn_without_gaps(dut):
    if not reads(dut) or masters_of(dut) < 2:
        return
    await start(dut)
    memory = AxiReadBus.from_prefix(dut, "m_axi")
    requests = AxiARMonitor(memory.ar, dut.clk, dut.rst)
    responses = AxiRSource(memory.r, dut.clk, dut.rst)
    sources = [
        AxiARSource(AxiReadBus.from_prefix(dut, f"s_axi{i}").ar, dut.clk, dut.rst)
        for i in range(MASTERS)
    ]
    await reset(dut)
    for i in range(MASTERS):
        for n in range(20 if i else 5):
            sources[i].send_nowait(
                sources[i]._transaction_obj(arid=0, araddr=4096 * i + 8 * n, arlen=0)
            )
    dut.m_axi_arready.value = 1
    begin = get_sim_time("ns")
    order = [await requests.recv() for _ in range(45)]
    cycles = (get_sim_time("ns") - begin) // 10
    assert [int(ar.arid) for ar in order[:15]] == [1, 2, 0] * 5
    assert [int(ar.arid) for ar in order[15:]] == [1, 2] * 15
    for i in range(MASTERS):
        mine = [int(ar.araddr) - 4096 * i for ar in order if int(ar.arid) == i]
        assert mine == [8 * n for n in range(len(mine))]
    assert cycles <= 45 + 4
    # a response that nobody asked for neither blocks nor reaches a master
    dut.s_axi1_rready.value = 1
    for identifier in (9, 1):
        responses.send_nowait(responses._transaction_obj(rid=identifier, rdata=7, rlast=1))
    seen = 0
    for _ in range(10):
        await ClockCycles(dut.clk, 1)
        seen += int(dut.s_axi1_rvalid.value)
    assert seen == 1


@cocotb.test()
async def returns_errors_to_their_master_and_resets(dut):
    await start(dut)
    target = Faulty(SIZE, {1})
    count = masters_of(dut)
    for attempt in range(2):
        if reads(dut):
            if not attempt:
                AxiSlaveRead(AxiReadBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target)
                masters = [
                    AxiMasterRead(AxiReadBus.from_prefix(dut, f"s_axi{i}"), dut.clk, dut.rst)
                    for i in range(count)
                ]
            events = [x.init_read(4096 * i, 64, arid=0) for i, x in enumerate(masters)]
        else:
            if not attempt:
                AxiSlaveWrite(AxiWriteBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target)
                masters = [
                    AxiMasterWrite(AxiWriteBus.from_prefix(dut, f"s_axi{i}"), dut.clk, dut.rst)
                    for i in range(count)
                ]
            events = [x.init_write(4096 * i, bytes(64), awid=0) for i, x in enumerate(masters)]
        if not attempt:
            # in the middle of all bursts
            await ClockCycles(dut.clk, 6)
            await reset(dut)
            continue
        for i, event in enumerate(events):
            await event.wait()
            assert event.data.resp == (AxiResp.SLVERR if i == 1 else AxiResp.OKAY)
