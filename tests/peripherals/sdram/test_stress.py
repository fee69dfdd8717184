# SPDX-License-Identifier: Apache-2.0
"""Random bursts by the million: the controller in Verilator, a master and a chip in C++."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import verilog
from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from streamhw.boards.memory.sdram_part import AS4C16M16SA_7, IS42S16160G_7, SdramPart
from streamhw.peripherals.sdram.controller import SdramController
from streamhw.peripherals.sdram.pins import SdramPins
from streamhw.sim.cpp_compiler import COMPILE, find_compiler, run
from streamhw.sim.verilator import find_simulator
from streamhw.stream.axi.signature import connect_pins, pins
from streamhw.testing.board.library import SOURCES
from streamhw.testing.board.native import ChipRules
from tests.peripherals.sdram.traffic import PART

STRESS = Path(__file__).with_name("stress.cpp")


class Top(wiring.Component):
    """A controller whose bus and pins have names without a double underscore."""

    def __init__(self, controller: SdramController):
        self._controller = controller
        chip = {"_".join(("chip", *path)): member for path, member, _ in flat(controller)}
        clock = {"chip_clk": In(1)}
        super().__init__(pins(controller.bus.signature, "s_axi") | chip | clock)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sdram = domain = ClockDomain()
        m.d.comb += domain.clk.eq(self.chip_clk)
        m.submodules.controller = controller = self._controller
        connect_pins(m, self, "s_axi", controller.bus)
        for path, member, value in flat(controller):
            pin = getattr(self, "_".join(("chip", *path)))
            m.d.comb += pin.eq(value) if member.flow == Out else value.eq(pin)
        return m


def flat(controller: SdramController) -> list[Any]:
    return [*SdramPins().flatten(controller.pins)]


def compiled(folder: Path, part: SdramPart, clocks: tuple[float, float], read_delay: int) -> Path:
    """The bench with a controller for that part."""
    simulator, compiler = find_simulator(), find_compiler()
    top = Top(SdramController(part=part, clock_mhz=clocks[1], read_delay=read_delay))
    (folder / "top.v").write_text(verilog.convert(top, name="top", emit_src=False))
    environment = {**os.environ, "VERILATOR_ROOT": str(simulator.root)}
    verilate = [simulator.binary, "--cc", "-O3", "-Wno-fatal", "--top-module", "top",
                "--Mdir", folder / "model", folder / "top.v"]  # fmt: skip
    subprocess.run(verilate, env=environment, check=True, capture_output=True)
    include = simulator.root / "include"
    sources = [*(folder / "model").glob("*.cpp"), include / "verilated.cpp",
               include / "verilated_threads.cpp", STRESS]  # fmt: skip
    own = [flag for flag in COMPILE if "VL_USER" not in flag]  # Verilator's own $stop and $fatal
    flags = [
        *own,
        f"-I{include}",
        f"-I{include / 'vltstd'}",
        f"-I{folder / 'model'}",
        f"-I{SOURCES}",
    ]
    run([*compiler.command, *flags, *map(str, sources), "-o", str(folder / "stress")])
    return folder / "stress"


def stress(
    bench: Path,
    *,
    bursts: int,
    flow: int,
    seed: int,
    part: SdramPart,
    clocks: tuple[float, float],
    read_delay: int,
) -> str:
    """What the bench says at its end, or its complaint; ``flow``: percent of cycles that go on."""
    numbers = [
        seed,
        bursts,
        flow,
        round(1e6 / clocks[0]),
        read_delay,
        *ChipRules.of(part, clocks[1]).numbers(),
    ]
    done = subprocess.run([bench, *map(str, numbers)], capture_output=True, text=True)
    return done.stderr if done.returncode else done.stdout


@pytest.mark.slow
def test_stricter_rules_are_broken(tmp_path: Path, seed: int) -> None:
    """The chip in C++ finds what a controller for another part does wrong."""
    setting: dict[str, Any] = {"clocks": (55.0, 110.0), "read_delay": 2}
    bench = compiled(tmp_path, PART, **setting)
    setting |= {"bursts": 2000, "flow": 70, "seed": seed}
    assert stress(bench, part=PART, **setting).startswith("2000 bursts, ")
    for stricter, complaint in (
        ({"t_rcd": 19.0}, "tRCD"),
        ({"t_rfc": 70.0}, "tRFC"),
        ({"t_wr": 19.0}, "tRAS, tWR"),
        ({"t_refi": 7500.0}, "a refresh is late"),
    ):
        assert complaint in stress(bench, part=replace(PART, **stricter), **setting)
    assert "is wrong" in stress(bench, part=PART, **setting | {"read_delay": 1})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "clocks", "flow", "read_delay"),
    [
        (IS42S16160G_7, (55.0, 110.0), 100, 2),
        (IS42S16160G_7, (110.0, 110.0), 50, 1),
        (AS4C16M16SA_7, (47.0, 133.0), 90, 3),
        (IS42S16160G_7, (120.0, 60.0), 80, 1),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_million(
    tmp_path: Path,
    part: SdramPart,
    clocks: tuple[float, float],
    flow: int,
    read_delay: int,
    seed: int,
) -> None:
    """Together, with the power-up time of the data sheet."""
    setting: dict[str, Any] = {"part": part, "clocks": clocks, "read_delay": read_delay}
    bench = compiled(tmp_path, **setting)
    said = stress(bench, bursts=250_000, flow=flow, seed=seed, **setting)
    assert said.startswith("250000 bursts, "), said
    print(said)
