# SPDX-License-Identifier: Apache-2.0
"""``--json``: what every command says to scripts is of the schema, and nothing else is printed."""

import json
from pathlib import Path

import numpy as np
import pytest

from streamhw.__main__ import main
from streamhw.api.build import Build
from streamhw.api.on_board import BoardAnswer
from streamhw.bitstream.placed import PathSegment, Placed, PlacedClock
from streamhw.boards.base import load_board
from streamhw.cli.list import KINDS
from streamhw.commands import bitstream as bitstream_command
from streamhw.commands import on_board as board_command
from streamhw.commands import synth as synth_command
from streamhw.commands.bitstream import bitstream
from streamhw.commands.build import BuildRequest
from streamhw.commands.console import ScriptConsole
from streamhw.commands.on_board import BoardRequest, run_on_board
from streamhw.commands.records.answers import RunRecord, TokenRecord
from streamhw.commands.records.benches import BenchRecord, ContextRecord, PointRecord
from streamhw.commands.records.builds import BuildRecord, StoppedRecord
from streamhw.commands.records.designs import (
    BitstreamRecord,
    EdgeRecord,
    PartRecord,
    ReportRecord,
    SynthRecord,
)
from streamhw.commands.records.listed import BoardRecord, ListedRecord, ModelRecord
from streamhw.commands.records.qualities import (
    DoctorRecord,
    EvaluateRecord,
    LossesRecord,
    StreamRecord,
)
from streamhw.commands.records.record import ErrorRecord, Record, WarningRecord
from streamhw.commands.records.schema import record_of
from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.runtime.driver import Token
from streamhw.synthesis.levels import LogicPath
from streamhw.synthesis.loaded_nets import DesignNets
from streamhw.synthesis.synthesize import ModuleRow, SlowKind, Synthesis
from tests.cli.conftest import CHOICES
from tests.cli.scripted import only, said
from tests.tiny import write_tiny

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


def test_build_and_run(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    model = (tiny, *CHOICES, "-o", tmp_path / "out")
    code, records = said(capsys, "build", *model)
    built = only(BuildRecord, records)
    assert (code, built.reused, built.board) == (0, False, "sim")
    sizes = {Path(file.file): file.bytes for file in built.files}
    assert sizes == {file: file.stat().st_size for file in (tmp_path / "out").iterdir()}
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert built.cells.luts == report["total"]["luts"]
    assert built.token_cycles == report["token_cycles"]

    code, records = said(capsys, "run", *model, "--prompt", "5 9 33", "--tokens", 5, "--check")
    assert code == 0 and only(BuildRecord, records).reused
    tokens = [record for record in records if isinstance(record, TokenRecord)]
    answer = only(RunRecord, records)
    assert records[-1] == answer and [token.number for token in tokens] == [0, 1, 2, 3, 4]
    assert "".join(token.text for token in tokens) == answer.text
    assert tokens[0].cycles == answer.prompt_cycles and answer.how == "simulated"
    assert sum(token.cycles or 0 for token in tokens[1:]) == pytest.approx(4 * answer.token_cycles)
    assert answer.checked_beats and answer.predicted_cycles and answer.read_bytes

    code, records = said(capsys, "run", *model, "--prompt", "5 9 33", "--tokens", 5, "--fast")
    assert code == 0 and only(RunRecord, records).how == "predicted"
    again = [record for record in records if isinstance(record, TokenRecord)]
    assert [token.token for token in again] == [token.token for token in tokens]
    assert {token.cycles for token in again} == {None}


def test_stop(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    model = ("build", tiny, *CHOICES, "--stop", "tile")
    code, records = said(capsys, *model, "-o", tmp_path / "out")
    stopped = only(StoppedRecord, records)
    assert code == 0 and stopped.stage == "tile"
    assert {Path(file.file).name for file in stopped.files} == {
        *("design.txt", "decisions.json", "stopped.json")
    }
    code, records = said(capsys, *model, "--dump", tmp_path / "text")
    (file,) = only(StoppedRecord, records).files
    assert code == 0 and file.bytes == (tmp_path / "text").stat().st_size
    code, records = said(capsys, *model, "--dump", "-")
    assert code == 2 and "must name a file with --json" in only(ErrorRecord, records).error


def test_bench(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    model = ("bench", tiny, *CHOICES, "-o", tmp_path / "out")
    code, records = said(capsys, *model, "--in", "3,5", "--out", 4, "--at", 20)
    points = [record for record in records if isinstance(record, PointRecord)]
    assert code == 0 and [(p.prompt, p.answer, p.how) for p in points] == [
        (3, 4, "predicted"),
        (5, 4, "predicted"),
    ]
    assert all(0 < p.floor_total_ms < p.total_ms and p.error is None for p in points)
    assert only(ContextRecord, records).positions == 20
    assert isinstance(records[-1], BenchRecord) and records[-1].points == 2


def test_explain_and_report(built: Path, tmp_path: Path, capsys: Capture) -> None:
    code, records = said(capsys, "explain", built)
    edges = [record for record in records if isinstance(record, EdgeRecord)]
    assert code == 0 and edges == records and {edge.about for edge in edges} == {()}
    name = next(edge.name for edge in edges if edge.converter_bits)
    code, records = said(capsys, "explain", built, name)
    edge = only(EdgeRecord, records)
    assert code == 0 and edge.value and any(part.title == "types" for part in edge.about)
    code, records = said(capsys, "report", built, "-o", tmp_path / "page.html")
    page = only(ReportRecord, records)
    assert code == 0 and page.bytes == (tmp_path / "page.html").stat().st_size


def test_evaluate_and_doctor(tiny: Path, tmp_path: Path, capsys: Capture) -> None:
    text = tmp_path / "text.txt"
    drawn = np.random.default_rng(1).integers(64, size=64)
    text.write_text(" ".join(map(str, drawn)))
    formats = ("--quant", "w8a8", "--quant", "w4a8")
    code, records = said(capsys, "evaluate", tiny, "--text", text, *formats)
    losses = [record for record in records if isinstance(record, LossesRecord)]
    whole = only(EvaluateRecord, records)
    assert code in (0, 1) and whole.within_bounds is (code == 0)
    assert [row.name for row in losses] == ["W8A8", "W4A8"] and records[-1] == whole
    assert losses[0].float_loss == whole.float_loss

    code, records = said(capsys, "doctor", tiny, "--quant", "w8a8")
    streams = [record for record in records if isinstance(record, StreamRecord)]
    assert code == 0 and {"norm_1", "residual_2"} <= {stream.name for stream in streams}
    assert only(DoctorRecord, records).advice


def test_lists(capsys: Capture) -> None:
    code, records = said(capsys, "list")
    assert code == 0
    assert {r.name for r in records if isinstance(r, ModelRecord)} >= {"gpt2", "gpt2-shakespeare"}
    ulx3s = next(r for r in records if isinstance(r, BoardRecord) and r.name == "ulx3s")
    assert ulx3s.luts == load_board("ulx3s").budget.luts and ulx3s.package == "streamhw"
    lists = {record.list for record in records if isinstance(record, ListedRecord)}
    assert lists == {*KINDS} - {"models", "boards"}


def test_synth(built: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    path = LogicPath(levels=3, begin="a", end="b")
    row = ModuleRow("norm_1", Cells(luts=5), Cells(luts=6, ffs=1), 3)
    found = Synthesis(
        model="tiny",
        board="sim",
        family="xilinx",
        clock_mhz=250.0,
        budget=Cells(luts=100),
        rows=(row,),
        rest=row,
        total=row,
        kinds=1,
        instances=1,
        dies=(),
        longest=path,
        slowest=(SlowKind("norm", 1, path),),
        nets=DesignNets(worst=(), large={}),
    )
    monkeypatch.setattr(synth_command, "synthesize", lambda *_: found)
    code, records = said(capsys, "synth", built)
    assert code == 0 and only(PartRecord, records).counted == row.counted
    assert only(SynthRecord, records).levels == 3


def records_of(capsys: Capture) -> list[Record]:
    return [record_of(line) for line in capsys.readouterr().out.splitlines()]


def test_a_bitstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    clock = PlacedClock(name="sync", wanted=55.0, reached=60.0)
    path = (PathSegment(through="a", kind="logic", ns=1.5),)
    placed = Placed(clocks=(clock,), cells={"LUT": (3, 10)}, path=path)
    file = tmp_path / bitstream_command.FOLDER / bitstream_command.BITSTREAM_FILE
    file.parent.mkdir()
    file.write_bytes(b"bits")
    monkeypatch.setattr(bitstream_command, "make_bitstream", lambda *_: placed)
    bitstream(tmp_path, load_board("ulx3s"), ScriptConsole())
    found = only(BitstreamRecord, records_of(capsys))
    assert found.met and found.bytes == 4 and found.clocks == (clock,)
    assert (found.cells["LUT"].used, found.cells["LUT"].available) == (3, 10)


def test_a_board(small: Build, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    class Port:
        def __init__(self, name: str, *, baud: int):
            assert name == "/dev/ttyX" and baud > 0

        def close(self) -> None: ...

    def answered(*_: object, on_token, **__: object) -> BoardAnswer:
        answer = BoardAnswer()
        for number, token in enumerate((7, 9)):
            answer.tokens.append(Token(token=token, position=number + 1, cycles=100 + number))
            answer.said += f"{token} "
            on_token(answer)
        return answer

    monkeypatch.setattr(board_command, "SerialPort", Port)
    monkeypatch.setattr(board_command, "on_board", answered)
    monkeypatch.setattr(board_command, "reuse_or_build", lambda *_: small)
    monkeypatch.setattr(BuildRequest, "load", lambda _: small.model)
    request = BoardRequest(
        build=BuildRequest(model="tiny", board="ulx3s"), port="/dev/ttyX", prompt="1", tokens=2
    )
    run_on_board(request, ScriptConsole())
    *tokens, answer = records_of(capsys)
    assert [(t.token, t.text, t.cycles) for t in tokens if isinstance(t, TokenRecord)] == [
        (7, "7 ", 100),
        (9, "9 ", 101),
    ]
    assert isinstance(answer, RunRecord) and (answer.how, answer.text) == ("board", "7 9 ")


def test_warnings_are_records(tmp_path: Path, capsys: Capture) -> None:
    model = ("build", "gpt2", "--layers", 1, "--context", 32, "--stop", "quantize")
    code, records = said(capsys, *model, "-o", tmp_path / "out")
    assert code == 0 and "seeded random ones" in only(WarningRecord, records).text


@pytest.mark.parametrize(
    ("typed", "code", "error", "hint"),
    [
        ("build gtp2", 2, "MODEL must be one of", "did you mean gpt2"),
        ("list model", 2, "invalid choice: 'model'", "did you mean models"),
        ("run gpt2", 2, "the following arguments are required: --prompt", None),
        ("build gpt2 --board ulx3s", 3, "must fit into", None),
        ("", 2, "Option --json must come with a command", None),
    ],
)
def test_errors_are_records(
    typed: str, code: int, error: str, hint: str | None, capsys: Capture
) -> None:
    found, records = said(capsys, *typed.split())
    last = records[-1]
    assert isinstance(last, ErrorRecord) and found == last.exit_code == code
    assert error in last.error
    assert last.hint == hint if hint is None else hint in (last.hint or "")


def test_the_end_by_a_signal_is_a_record(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamhw.commands.listing.list_installed", stopped)
    code, records = said(capsys, "list")
    assert records == [
        ErrorRecord(error="interrupted: nothing was left half-written", hint=None, exit_code=130)
    ]
    assert code == 130


def test_errors_are_read_by_people_too(capsys: Capture) -> None:
    assert main(["--json", "explain", "nothing"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["exit_code"] == 2
    assert shown.err.startswith("error: BUILD must be a folder")
