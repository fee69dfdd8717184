# SPDX-License-Identifier: Apache-2.0
"""The simulated memory: what ports see of it, and how fast it is."""

from dataclasses import replace

import numpy as np
import pytest
from streamhw.sim.verilator import build
from traffic import Traffic

from streamhw.errors import InternalError
from streamhw.runtime.simdevice import MemoryModel, SimDevice, Stalls


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
    for stalls in (Stalls(), Stalls.everywhere(0.4, seed=1)):
        with device(model=MemoryModel(stalls=stalls)) as d:
            d.step(400)
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
