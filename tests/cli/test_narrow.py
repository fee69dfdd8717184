# SPDX-License-Identifier: Apache-2.0
"""Every table at 80 columns: no line is longer, and no word is other than with ``--wide``."""

import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from streamhw.__main__ import main, parser
from streamhw.bitstream.placed import PathSegment, Placed, PlacedClock
from streamhw.boards.base import load_board
from streamhw.cli.completion_values import commands_of
from streamhw.cli.list import KINDS
from streamhw.commands import bitstream as bitstream_command
from streamhw.commands import evaluate as evaluate_command
from streamhw.commands import synth as synth_command
from streamhw.commands.bitstream import bitstream
from streamhw.commands.console import console_for
from streamhw.compiler.backend.build_dir import read_build
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.reference.evaluate import Evaluation, Losses
from streamhw.report.bench import BenchPoint, Context
from streamhw.report.bench_tables import bench_view
from streamhw.report.channels import channel_table, uses_of
from streamhw.report.idle_cycles import LayerCycles
from streamhw.report.summary import summarize
from streamhw.report.tables import converter_table, print_summary
from streamhw.runtime.device import Traffic
from streamhw.synthesis.levels import LogicPath
from streamhw.synthesis.loaded_nets import DesignNets
from streamhw.synthesis.synthesize import DieCells, ModuleRow, SlowKind, Synthesis
from tests.report.benches import POINT, bench
from tests.tiny import write_tiny

Capture = pytest.CaptureFixture[str]
FRAMES = re.compile(r"[─-╿]")


def check(narrow: str, wide: str) -> None:
    """Lines fit, words are whole, and what is left out is said."""
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" not in narrow
    assert narrow.count("...") == wide.count("...")  # as the text itself has it
    known = set(FRAMES.sub(" ", wide).split())
    # In the line that names what is missing, words stand beside commas.
    said = known | {word.rstrip(",") for word in known} | {f"{word}," for word in known}
    missing = set(FRAMES.sub(" ", narrow).split()) - said - {"with", "--wide:"}
    assert not missing, missing


def both(monkeypatch: pytest.MonkeyPatch, capsys: Capture, *typed: object) -> str:
    """What a command prints in 80 columns, checked against what it prints with ``--wide``."""
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    shown = []
    for more in ([], ["--wide"]):
        assert main([*map(str, typed), *more]) == 0
        shown.append(capsys.readouterr().out)
    check(*shown)
    return shown[0]


def drawn(content: RenderableType, width: int) -> str:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as text:
        console.print(content)
    return text.get()


@pytest.mark.parametrize("kind", KINDS)
def test_lists(kind: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    both(monkeypatch, capsys, "list", kind)


@pytest.fixture(scope="module")
def design(built: Path) -> PlacedNetlist:
    return read_build(built)[1]


def test_a_build(design: PlacedNetlist) -> None:
    shown = []
    for width in (80, 400):
        console = Console(width=width, markup=False, emoji=False, highlight=False)
        with console.capture() as text:
            print_summary(summarize(design, "checkpoint"), console)
            console.print(converter_table(design))
        shown.append(text.get())
    check(*shown)
    for row in ("matmul_w8", "attention_value_append_i_convert", "interval", "LUT", "DSP"):
        assert row in shown[0]


def test_explain(built: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    text = both(monkeypatch, capsys, "explain", built, "--all")
    assert "attention_value_append_i" in text and "with --wide: from, scope" in text


@pytest.mark.parametrize("how", ["--fast", "--check"])
def test_a_run(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path, how: str
) -> None:
    """Its numbers of seconds are others each time: every row is there, none is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    copy = shutil.copytree(built, tmp_path / "copy")
    assert main(["run", str(copy), "--prompt", "5", "--tokens", "2", how]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text and "..." not in text
    words = " ".join(FRAMES.sub(" ", text).split())
    said = ("prompt, predicted", "cycles to the first new token", "on sim at 250 MHz (assumed)")
    if how == "--check":
        said = ("memory read", "bytes", "equal the integer reference", "at 250 MHz (assumed)")
    for each in said:
        assert each in words


def test_a_report(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "page.html" in both(monkeypatch, capsys, "report", built, "-o", "page.html")


def test_every_command_is_here() -> None:
    """A new command needs a line: what shows it above."""
    shown = {
        "build": test_a_build, "run": test_a_run, "profile": test_a_profile,
        "bench": test_bench_tables, "synth": test_synth, "explain": test_explain,
        "evaluate": test_evaluate, "doctor": test_doctor, "explore": test_explore,
        "report": test_a_report, "list": test_lists,
    }  # fmt: skip
    assert shown.keys() == commands_of(parser()).keys()


def test_a_profile(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = shutil.copytree(built, tmp_path / "copy").name
    both(monkeypatch, capsys, "profile", copy, "--prompt", "5 9 33", "--tokens", "2")


def test_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / "tiny")
    text = both(monkeypatch, capsys, "doctor", "tiny")
    assert "attention" in text


def test_explore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / "tiny")
    few = ["--quant", "w8a8", "--token-batch", "4", "--multipliers", "16", "--trials", "2"]
    answer = ["--prompt", "3", "--tokens", "3"]
    both(monkeypatch, capsys, "explore", "tiny", *few, *answer, "-o", "found")


def test_bench_tables() -> None:
    simulated = BenchPoint(
        prompt=128, answer=128, predicted=(9e6, 4e6), simulated=(10**7, 5 * 10**6), compared=128,
        seconds=3.0, memory="hbm2",
    )  # fmt: skip
    layer = LayerCycles(interval=40_000.0, engine=30_000.0, memory=20_000.0)
    made = bench().merged([POINT, simulated], [Context(length=999, cycles=1e5, layer=layer)])
    check(drawn(bench_view(made), 80), drawn(bench_view(made), 400))


def test_channels() -> None:
    traffic = Traffic(
        read_bytes=123_456_789_012, write_bytes=600_000_000, busy_cycles=900, row_misses=40_000_000,
        refresh_cycles=66_000_000,
    )  # fmt: skip
    table = channel_table(uses_of({"m_axi_mem31": traffic}, cycles=10**10, peak=58.0))
    check(drawn(table, 80), drawn(table, 400))


def test_evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    rows = tuple(
        Losses(
            name=name, real=1.5, fake=1.51, integer=1.51, quantization_bound=0.02,
            token_bytes=123_456_789,
        )
        for name in ("W4A8, head 8 bits, cache 4 bits", "W8A8")
    )  # fmt: skip
    found = Evaluation(model="tiny", windows=9, tokens=576, real=1.5, results=rows)
    monkeypatch.setattr(evaluate_command, "evaluate", lambda *_, **__: found)
    model = write_tiny(tmp_path / "tiny")
    text = both(monkeypatch, capsys, "evaluate", model)
    assert "W4A8, head 8 bits, cache 4 bits in integers" in text


def cells(scale: int) -> Cells:
    return Cells(luts=1_131_000 // scale, ffs=2_262_000 // scale, dsps=8304, block_ram=1776,
                 ultra_ram=960)  # fmt: skip


def test_synth(built: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    path = LogicPath(levels=13, begin="counter.value[31:0]", end="attention_scores.q.data[511:0]")
    rows = tuple(
        ModuleRow(name, cells(scale), cells(scale + 1), 9)
        for scale, name in enumerate(("matmul_w4", "attention_value_append_i_convert"), 3)
    )
    found = Synthesis(
        model="gpt2", board="u55c", family="xilinx", clock_mhz=250.0, budget=cells(1), rows=rows,
        rest=rows[0], total=ModuleRow("total", cells(1), cells(1), 13), kinds=2, instances=2,
        dies=(DieCells("die 0", cells(3), cells(3)), DieCells("die 1", cells(3), cells(3))),
        nets=DesignNets(worst=(), large={}), longest=path,
        slowest=(SlowKind("attention_value_append_i_convert", 1, path),),
    )  # fmt: skip
    monkeypatch.setattr(synth_command, "synthesize", lambda *_: found)
    monkeypatch.chdir(built.parent)
    both(monkeypatch, capsys, "synth", built.name)


def test_a_bitstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    through = "design.top.attention_value_append_i_convert.storage.memory_q[511:0]_TRELLIS_FF_Q_17"
    placed = Placed(
        clocks=(PlacedClock(name="sync", wanted=55.0, reached=60.0),),
        cells={"LUT": (31_234, 83_640)},
        path=(PathSegment(through=through, kind="routing", ns=1.5),),
    )
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    file = Path(bitstream_command.FOLDER) / bitstream_command.BITSTREAM_FILE
    file.parent.mkdir()
    file.write_bytes(b"bits")
    monkeypatch.setattr(bitstream_command, "make_bitstream", lambda *_: placed)
    bitstream(Path(), load_board("ulx3s"), console_for())
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text
    # A name of one word that is longer than the line goes on in the next one.
    folded = "".join(re.findall(r"│ +(?:1\.5|) │ (?:routing| +) +│ (\S+) +│", text))
    assert folded == through
