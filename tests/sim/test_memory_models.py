# SPDX-License-Identifier: Apache-2.0
"""The simulated memory: what ports see of it, and how fast it is."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from streamhw.errors import InternalError
from streamhw.sim.device import SimDevice
from streamhw.sim.memory_model import Stalls
from streamhw.sim.verilator import build
from tests.sim.models import constant, hbm2
from tests.sim.traffic import Traffic


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def make(cache, tmp_path_factory):
    """Builds a top of memory ports and returns a function that opens devices of it."""

    def make(spec, base=0):
        verilog = spec.write(tmp_path_factory.mktemp("verilog"), base)
        made = build([verilog], spec.manifest, observed=True, cache=cache)
        return lambda **options: SimDevice(spec.manifest, made, spec.image(1), base=base, **options)

    return make


@pytest.mark.parametrize("ports", [3, 4])
@pytest.mark.parametrize("striped", [False, True])
def test_ports_see_their_part(make, ports, striped):
    spacing = 1 << 28 if striped else 0
    spec = Traffic(ports=ports, width=64, beats=4, copy=True, striped=striped, spacing=spacing)
    device = make(spec, base=0x1_0000_0000)
    image = spec.image(1)
    stalls = Stalls.everywhere(0.4, seed=1)
    for model in (constant(), constant(stalls=stalls), hbm2(), hbm2(stalls=stalls)):
        with device(model=model) as d:
            d.step(500)
            for i in range(ports):
                seen = spec.seen(image, i)
                half = len(seen) // 2
                assert (d.take(f"mem{i}") == seen[:half]).all()
                assert (spec.seen(d.memory, i) == np.concatenate([seen[:half]] * 2)).all()
            read = d.read_memory(3 * spec.beat_bytes, 5)
            assert read == d.memory[3 * spec.beat_bytes :][:5].tobytes()


def test_no_port_leaves_its_channel(make):
    spec = Traffic(ports=2, width=64, beats=4, striped=True, spacing=0x100, flaw=True)
    with (
        make(spec)() as d,
        pytest.raises(
            InternalError, match=r"mem1: read of 32 bytes at 0x200 is outside memory 0x100\.\.0x200"
        ),
    ):
        d.step(400)


def test_striped_manifest():
    manifest = Traffic(ports=2, striped=True).manifest
    assert type(manifest).from_json(manifest.to_json()) == manifest
    narrow = replace(manifest.ports[0], data_width=64)
    with pytest.raises(ValueError, match=r"must have one data width, not \[64, 512\]"):
        replace(manifest, ports=(narrow, manifest.ports[1]))
    with pytest.raises(ValueError, match="multiple of its 64 bytes a beat, not 0x20"):
        replace(manifest, ports=(replace(manifest.ports[0], address=32),))


@pytest.fixture(scope="session")
def streams(make):
    """Devices of one port that reads 1 KiB after 1 KiB, and of one that reads 64 bytes anywhere."""
    return {
        "sequential": make(Traffic(bursts=1 << 20, places=1024)),
        "random": make(Traffic(bursts=1 << 20, places=16384, beats=1, random=True)),
        "copy": make(Traffic(bursts=1 << 20, places=1024, copy=True)),
    }


def share_of_peak(device, model, cycles=20_000):
    with device(model=model) as d:
        d.capture(set())
        d.step(cycles)
        traffic = d.traffic()["mem0"]
    return (traffic.read_bytes + traffic.write_bytes) / cycles / model.peak(64), traffic


def test_hbm_bandwidth(streams):
    # Shuhai (arXiv 2005.04324) measured 425 of 460 GB/s; refresh takes the most of the rest.
    share, traffic = share_of_peak(streams["sequential"], hbm2())
    assert 0.915 < share < 0.935
    assert traffic.row_misses < 0.04 * traffic.row_hits
    assert abs(traffic.refresh_cycles / 20_000 - 260 / 3900) < 0.005
    never = hbm2(t_rfc=0.0, t_refi=4_000_000.0)
    assert share_of_peak(streams["sequential"], never)[0] > 0.99
    # Each access of 64 bytes opens a row in two bank groups.
    share, traffic = share_of_peak(streams["random"], hbm2())
    assert share < 0.3 and traffic.row_hits < 0.02 * traffic.row_misses
    # Reads and writes in turn.
    assert 0.8 < share_of_peak(streams["copy"], hbm2())[0] < 0.9
    assert share_of_peak(streams["copy"], hbm2(group=8))[0] < 0.6
    # The pseudo-channel is a little slower than its port at 250 MHz, and far slower at 500 MHz.
    assert hbm2().peak(64) == 57.5
    share, _ = share_of_peak(streams["sequential"], hbm2(clock_mhz=500.0))
    assert 0.915 < share < 0.935


def test_ideal_bandwidth_bounds_it(streams):
    model = constant(bandwidth=Fraction(44, 49))
    for device in streams.values():
        assert share_of_peak(device, model)[0] > 0.99


def test_hbm_latency(streams):
    """Cycles at 450 MHz from address to data, as Shuhai measured: row open 48, closed 55."""

    def first(model):
        with streams["sequential"](model=model) as d:
            d.time()
            d.step(200)
            return int(d.timed()["mem0"][0])

    base = first(constant(latency=48)) - 48
    assert first(hbm2(clock_mhz=450.0, t_rcd=0.0, t_rrd=0.0)) - base == 48
    assert abs(first(hbm2(clock_mhz=450.0)) - base - 55) <= 1


def test_model_errors():
    with pytest.raises(ValueError, match="banks must be a power of two above 1, not 12"):
        hbm2(banks=12)
    with pytest.raises(ValueError, match="at least the 32 bytes of an access, not 16"):
        hbm2(row_bytes=16)
    with pytest.raises(ValueError, match="must be above 0, not 0 MHz"):
        hbm2(clock_mhz=0)
    with pytest.raises(ValueError, match="must be at least 1, not 0"):
        hbm2(outstanding=0)
