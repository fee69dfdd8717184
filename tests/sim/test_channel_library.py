# SPDX-License-Identifier: Apache-2.0
"""Channels of packages: compiled by their header, loaded into any compiled simulation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamhw.boards.memory.cpp_channel import CppChannel
from streamhw.errors import InternalError, ToolError
from streamhw.frozen_map import FrozenMap
from streamhw.sim.channel_library import channel_library
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import MemoryModel, Stalls
from streamhw.sim.verilator import build
from tests.sim.traffic import Traffic

SPEC = Traffic(ports=2, width=64, beats=4, bursts=64, places=64, copy=True)

HEADER = """\
#pragma once
#include <stdexcept>
#include "memory_channel.h"
#include "numbers.h"

class Late final : public MemoryChannel {
public:
    Late(const Numbers& numbers, const ChannelPort& port) : n_{numbers} {
        if (n_.latency < 1) throw std::runtime_error("no latency");
        if (port.ports != 2 || port.beat_bytes != 8 || port.period != 4000)
            throw std::runtime_error("wrong port");
    }
    void read(uint64_t cycle, uint64_t, uint32_t beats) override {
        arrivals_.insert(arrivals_.end(), beats + n_.more, cycle + n_.latency);
    }
    void write(uint64_t cycle, uint64_t, uint32_t) override {
        responses_.insert(responses_.end(), 1 + n_.more_answers, cycle + n_.write_latency);
    }

private:
    Numbers n_;
};
"""
NUMBERS = {"latency": 20, "write_latency": 9, "more": 0, "more_answers": 0}
LATE = CppChannel(
    file="late.h",
    source=HEADER,
    class_name="Late",
    bandwidth=2.0,
    numbers=FrozenMap(NUMBERS),
)


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    """Opens devices of two ports that copy, with checkpoints."""
    folder = tmp_path_factory.mktemp("copy")
    made = build(
        [SPEC.write(folder)], SPEC.manifest, observed=True, savable=True, cache=folder / "cache"
    )
    return lambda model: SimDevice(SPEC.manifest, made, SPEC.image(1), model=model)


def late(**numbers):
    return MemoryModel(channel=replace(LATE, numbers=FrozenMap({**NUMBERS, **numbers})))


def times(device):
    return np.concatenate([device.timed()[f"mem{i}"] for i in range(2)])


@pytest.mark.parametrize("latency", [20, 21])
def test_it_acts_when_it_says(device, latency):
    with device(late(latency=latency)) as d:
        d.time()
        d.step(200)
        first = d.timed()["mem0"][:4].tolist()
    asked = 5  # cycles of reset, and the one in which the design sees that it is over
    assert first == [asked + latency + i for i in range(4)]


def test_what_it_delays_is_right(device):
    with device(replace(late(), stalls=Stalls.everywhere(0.3, seed=2))) as d:
        d.step(4000)
        for port in range(SPEC.ports):
            read, written = np.split(SPEC.seen(d.memory, port), 2)
            assert (read == written).all()


def test_checkpoints_hold_its_state(device):
    with device(late()) as d:
        d.step(100)
        saved = d.save()
        d.time()
        d.step(500)
        expected = times(d)
    with device(late()) as d:
        d.load(saved)
        d.time()
        d.step(500)
        assert times(d).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ({"more": 1}, "mem0: memory gives a beat too many"),
        ({"more_answers": 1}, "mem0: memory answers a write too many"),
        ({"latency": 0}, "no latency"),
    ],
)
def test_a_flaw_is_a_fault(device, numbers, fault):
    with pytest.raises(InternalError, match=fault), device(late(**numbers)) as d:
        d.step(4000)


def test_compiled_once_a_header(tmp_path):
    first = channel_library(LATE, cache=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [first.parent.name]
    other = replace(LATE, numbers=FrozenMap({**NUMBERS, "latency": 90}), bandwidth=1.0)
    assert channel_library(other, cache=tmp_path) == first
    changed = replace(LATE, source=HEADER.replace("cycle + n_.latency", "cycle + 1"))
    assert channel_library(changed, cache=tmp_path) != first
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"source": HEADER.replace("n_.more,", "n_.most,")}, r"late\.h:\d+:\d+: error: .*most"),
        ({"source": HEADER.replace(" : public MemoryChannel", "")}, r"late\.h:\d+:\d+: error: "),
        ({"class_name": "Later"}, r"channel\.cpp:\d+:\d+: error: .*Later"),
        ({"numbers": FrozenMap({**NUMBERS, "class": 1})}, r"numbers\.h:\d+:\d+: error: "),
    ],
)
def test_a_header_that_does_not_compile(tmp_path: Path, change, error):
    with pytest.raises(ToolError, match=rf"^Channel .* must compile, not fail with {error}"):
        channel_library(replace(LATE, **change), cache=tmp_path)
    assert list(tmp_path.iterdir()) == []
