# SPDX-License-Identifier: Apache-2.0
"""A hang explains itself: a reduced depth, a memory that does not answer, a lost beat."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from streamhw.__main__ import main
from streamhw.api.answer import simulated
from streamhw.api.hang import explain, reduced_depths
from streamhw.compiler.backend.build_dir import read_build
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import DeviceError, InternalError, StreamhwError
from streamhw.runtime.driver import generate
from streamhw.sim import verilator
from streamhw.sim.answer_steps import AnswerSteps
from streamhw.sim.device import SimDevice
from streamhw.sim.hang import HangError, StuckStream
from streamhw.sim.library import InjectedFault
from streamhw.sim.memory_model import MemoryModel
from tests.tiny import write_tiny

CHOICES = ("--quant", "w8a8", "--multipliers", "32")
FIFO = "residual_1_i_a"


def explained(design: PlacedNetlist, hang: HangError) -> StreamhwError:
    with pytest.raises(StreamhwError) as raised:
        explain(design, hang, AnswerSteps(design, prompt=3, tokens=1))
    return raised.value


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, and its build in the folder ``out``."""
    home = tmp_path_factory.mktemp("hang")
    write_tiny(home / "tiny")
    assert main(["build", "-q", str(home / "tiny"), *CHOICES, "-o", str(home / "out")]) == 0
    return home


def test_half_a_residual_queue(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "out" / "decisions.json"
    decided = json.loads(file.read_text())
    wanted = decided["size"][FIFO]
    decided["size"][FIFO] = wanted // 2
    edited = home / "edited.json"
    edited.write_text(json.dumps(decided))
    arguments = ["run", str(home / "tiny"), "--from", "place", "--decisions", str(edited)]
    arguments += ["-o", str(home / "halved"), "--prompt", "1 2 3 4 5 6 7 8", "--tokens", "1"]
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 2
    said = capsys.readouterr().err
    half = wanted // 2
    begin = f"error: FIFO {FIFO} must have {wanted} beats as the program wants, not {half} by"
    lines = said[said.index("error: ") :].splitlines()
    assert lines[0].startswith(begin) and len(lines) <= 10
    assert any(f"waits for room in {FIFO} ({half} of {half} beats)" in line for line in lines)
    assert any(s.strip().startswith("residual_1 waits for data of residual_1_i_b") for s in lines)
    assert lines[-1].startswith(f"hint: set size.{FIFO} in decisions.json to {wanted}")
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert begin in said and "hint: run again with --check" in said


def test_a_memory_that_does_not_answer(home: Path) -> None:
    manifest, _ = read_build(home / "out")
    library = verilator.build([home / "out" / "top.v"], manifest)
    image = np.fromfile(home / "out" / "memory.bin", dtype=np.uint8)
    with SimDevice(manifest, library, image) as device:
        device.inject("m_axi_mem0", InjectedFault.STUCK, burst=12)
        with pytest.raises(DeviceError) as raised:
            list(generate(device, [1, 2, 3], count=2))
    assert re.match(
        r"Memory must do something within \d+ cycles, but port m_axi_mem0 left the read at 0x\w+ "
        r"without an answer$",
        str(raised.value),
    )
    assert raised.value.exit_code == 6


def test_a_lost_beat(home: Path, tmp_path: Path) -> None:
    """The last one of the first layer, mutated in the Verilog: the kernel that lost it is named."""
    manifest, design = read_build(home / "out")
    prompt = [1, 2, 3]
    beats = design.instance("norm_2").port("i").type.beats({"tokens": len(prompt)})
    text = (home / "out" / "top.v").read_text()
    queue = re.compile(r"  queue_\w+ norm_2_i_queue \(")
    passes = "norm_2_i__offered & norm_2_i__room"
    counter = f"  reg [31:0] seen = 0;\n  always @(posedge clk) if ({passes}) seen <= seen + 1;\n"
    (found,) = queue.findall(text)
    text = text.replace(found, counter + found)
    lost = f".i__valid(norm_2_i__offered & (seen != {beats - 1}))"
    assert text.count(".i__valid(norm_2_i__offered)") == 1
    (tmp_path / "top.v").write_text(text.replace(".i__valid(norm_2_i__offered)", lost))
    library = verilator.build([tmp_path / "top.v"], manifest, observed=True)
    image = np.fromfile(home / "out" / "memory.bin", dtype=np.uint8)
    with pytest.raises(HangError) as raised:
        simulated(manifest, library, image, prompt, 1, model=MemoryModel())
    error = explained(design, raised.value)
    first, *lines = str(error).splitlines()
    source = next(c.source.instance for c in design.channels if c.name == "norm_2_i")
    assert type(error) is InternalError and first == (
        f"Design hangs: kernel {source} (fork) gave {beats - 1} of {beats} beats of norm_2_i in "
        "layer 0 of the step at position 0, though it had all values for them"
    )
    assert lines[0] == "  norm_2 waits for data of norm_2_i" and len(lines) <= 8, lines


def test_depths_as_decided_are_not_blamed(home: Path) -> None:
    _, design = read_build(home / "out")
    assert reduced_depths(design) == {}
    error = explained(design, HangError("Design hangs", {}))
    assert type(error) is InternalError and error.hint is not None and "--check" in error.hint


def test_without_a_cycle_those_that_have_something_wait(home: Path) -> None:
    _, design = read_build(home / "out")
    asks = StuckStream(offered=False, room=True, valid=False, ready=True)
    streams = {channel.name: asks for channel in design.channels} | {
        FIFO: StuckStream(offered=False, room=True, valid=True, ready=False, level=64),
    }
    lines = str(explained(design, HangError("Design hangs", streams))).splitlines()[1:]
    assert lines == ["  residual_1 waits for data of residual_1_i_b"]
