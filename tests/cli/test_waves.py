# SPDX-License-Identifier: Apache-2.0
"""``run --waves``: beats of the file equal the golden streams; windows, choices, and refusals."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import streamhw
from streamhw.__main__ import main
from streamhw.api.build import Build
from streamhw.api.waves import WaveBegin, Waves
from streamhw.compiler.ir.netlist import Channel
from streamhw.compiler.layers.table import layer_table
from streamhw.quantization.format_options import parse_formats
from streamhw.reference.integer_model import Cache, IntegerModel
from streamhw.sim.answer_steps import AnswerSteps
from streamhw.sim.lane_sizes import LaneSizes
from streamhw.sim.stream_compare import Comparison, StreamReference
from tests.cli.conftest import CHOICES
from tests.waves.reader import (
    ReadSignal,
    gtkwave_changes,
    names_in_save_files,
    surfer_signals,
)

PROMPT, TOKENS = [5, 9, 33, 7, 1, 2, 60, 8, 12, 3], 3
"""Of two steps."""
LAYERS = 2


@pytest.fixture(scope="module")
def build(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The build of all commands, with what it was made from."""
    out = Path(shutil.copytree(built, tmp_path_factory.mktemp("waves") / "out"))
    config = streamhw.BuildConfig(quantization=parse_formats("w8a8", None, 8), multipliers=32)
    made = streamhw.build(built.parent / "tiny", "sim", config, folder=out)
    assert made.reused
    return made


@pytest.fixture(scope="module")
def whole(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wave file of a whole answer."""
    file = tmp_path_factory.mktemp("whole") / "whole.fst"
    streamhw.simulate(build, PROMPT, TOKENS, waves=Waves(file=file))
    return file


@pytest.fixture(scope="module")
def signals(whole: Path) -> dict[str, ReadSignal]:
    return surfer_signals(whole)


@pytest.fixture(scope="module")
def answer(build: Build) -> list[int]:
    return list(IntegerModel(build.quantized, layer_table().reference).generate(PROMPT, TOKENS))


def path_of(build: Build, channel: Channel, *, source: bool = False) -> str:
    end = channel.source if source else channel.sink
    groups = {"entry": "entry", "body": "layer", "tail": "tail", "shared": "shared"}
    scope = build.netlist.instance(end.instance).scope.value
    return f"{groups[scope]}.{end.instance}.{end.port}"


def passed(signals: dict[str, ReadSignal], path: str, last: int) -> np.ndarray:
    """Cycles in which a beat passes."""
    valid, ready = signals[f"{path}.valid"], signals[f"{path}.ready"]
    cycles = np.arange(max(valid.times[0], ready.times[0]), last)
    return cycles[(valid.at(cycles) == 1) & (ready.at(cycles) == 1)]


def numbers(
    signals: dict[str, ReadSignal], path: str, lanes: int, cycles: np.ndarray
) -> np.ndarray:
    """Lanes of a stream in some cycles, (cycles, lanes)."""
    if not len(cycles):
        return np.zeros((0, lanes))
    return np.stack([signals[f"{path}.lane{lane}"].at(cycles) for lane in range(lanes)], axis=1)


def test_all_beats_equal_the_golden_streams(
    build: Build, whole: Path, signals: dict[str, ReadSignal], answer: list[int]
) -> None:
    _, end, _ = gtkwave_changes(whole)
    channels = {channel.name: channel for channel in build.netlist.channels}
    steps = AnswerSteps(build.netlist, len(PROMPT), TOKENS)

    def take(name: str) -> np.ndarray:
        channel = channels[name]
        type, path = channel.consumed, path_of(build, channel)
        cycles = passed(signals, path, end)
        found = numbers(signals, path, type.lanes, cycles)
        sizes = LaneSizes.of(channel, build.quantized, steps)
        step = type.fmt.step if sizes is None else sizes(np.arange(len(cycles)))
        codes = np.rint(found / step).astype(np.int64)
        assert (codes * step == found).all()
        bits = codes[..., None] >> np.arange(type.fmt.width) & 1
        flat = bits.reshape(len(cycles), type.beat_bits).astype(np.uint8)
        return np.packbits(flat, axis=1, bitorder="little")

    comparison = Comparison(StreamReference(netlist=build.netlist, quantized=build.quantized), take)
    comparison.feed(PROMPT)
    for token in answer[:-1]:
        comparison.feed([token])
    assert comparison.compare(complete=True) is None
    assert comparison.beats > 4000 and comparison.streams > 30


def test_lanes_are_real_numbers(build: Build, whole: Path, signals: dict[str, ReadSignal]) -> None:
    """Values whose features have scales of their own: times these, in each layer's."""
    _, end, _ = gtkwave_changes(whole)
    golden = IntegerModel(build.quantized, layer_table().reference)
    batch = build.netlist.tiling.token_batch
    trace = golden.step(PROMPT[:batch], Cache())
    values = [c for c in build.netlist.channels if c.value in ("norm_1", "attention", "activation")]
    assert len({c.value for c in values}) == 3
    for channel in values:
        type, value = channel.consumed, str(channel.value)
        path = path_of(build, channel)
        found = numbers(signals, path, type.lanes, passed(signals, path, end))
        for layer in range(LAYERS):
            codes = trace[value, layer]
            scales = np.broadcast_to(build.quantized.scales(value, layer), codes.shape[-1:])
            features = np.broadcast_to(np.arange(len(scales)), codes.shape)
            packed, places = (type.pack(t, {"tokens": batch}) for t in (codes, features))
            expected = packed * scales[places]
            assert (found[: len(expected)] == expected).all(), (path, layer)
            found = found[len(expected) :]


def test_both_ends_of_a_stream_show_the_same(build: Build, signals: dict[str, ReadSignal]) -> None:
    for channel in build.netlist.channels:
        at_source, at_sink = (
            signals[f"{path_of(build, channel, source=source)}.valid"] for source in (True, False)
        )
        assert (at_source.times == at_sink.times).all()


def test_save_files_name_all_signals(whole: Path, signals: dict[str, ReadSignal]) -> None:
    for names in names_in_save_files(whole):
        assert sorted(names) == sorted(signals)


@pytest.mark.parametrize(
    ("begin", "token", "layer"),
    [("layer:0", 0, 0), ("layer:1", 0, 1), ("token:2,layer:1", 2, 1), ("token:1,layer:0", 1, 0)],
)
def test_layers_begin_with_the_beat_that_enters_them(
    build: Build, whole: Path, signals: dict[str, ReadSignal], tmp_path: Path,
    begin: str, token: int, layer: int,
) -> None:  # fmt: skip
    """What enters the loop, or is handed from layer to layer, precedes by few cycles."""
    file = tmp_path / "w.fst"
    waves = Waves(file=file, begin=WaveBegin.parse(begin), cycles=100, only="blocks_entry")
    streamhw.simulate(build, PROMPT, TOKENS, waves=waves)
    first, last, _ = gtkwave_changes(file)
    assert last == first + 100
    (channel,) = (
        c for c in build.netlist.channels
        if (c.sink.instance, c.sink.port) == ("blocks_entry", "i_back" if layer else "i_first")
    )  # fmt: skip
    _, end, _ = gtkwave_changes(whole)
    cycles = passed(signals, path_of(build, channel), end)
    beats = channel.consumed.beats({"tokens": 1}) * (LAYERS - 1 if layer else 1)
    before = beats * (len(PROMPT) + token - 1) if token else 0
    assert first - 6 <= cycles[before] <= first


def test_a_token_begins_where_the_one_before_came(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "w.fst"
    waves = Waves(file=file, begin=WaveBegin(token=1), only="next_token")
    answer = streamhw.simulate(build, PROMPT, TOKENS, waves=waves)
    begin, end, found = gtkwave_changes(file)
    assert end - begin >= sum(token.cycles for token in answer.tokens[1:])
    assert {name.rsplit(".", 2)[0] for name in found} == {"tail.next_token"}
    path = "tail.next_token.o"
    ours = surfer_signals(file)
    cycles = passed(ours, path, end)
    assert ours[f"{path}.lane0"].at(cycles).tolist() == [t.token for t in answer.tokens[1:]]


def typed(built: Path, build: Build) -> list[str]:
    """An answer of two tokens."""
    return ["run", str(built.parent / "tiny"), *CHOICES, "-o", str(build.folder), "--tokens", "2",
            "--prompt", "5 9 33"]  # fmt: skip


def test_the_command(
    built: Path, build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "w.fst"
    waves = ["--waves", str(file), "--waves-from", "500", "--waves-cycles", "70"]
    assert main([*typed(built, build), *waves, "--waves-only", "norm_*"]) == 0
    shown = capsys.readouterr().out
    begin, end, found = gtkwave_changes(file)
    assert (begin, end) == (500, 570)
    assert {name.split(".")[1] for name in found} >= {"norm_1", "norm_2", "norm_final"}
    for ending in (".fst", ".gtkw", ".sucl"):
        assert str(file.with_suffix(ending)) in shown


def test_of_a_finished_build_and_checked(
    built: Path, build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder alone is named, from anywhere: what is in the file is the same."""
    files = [tmp_path / name for name in ("build.fst", "model.fst")]
    asked = ["--prompt", "5 9 33", "--tokens", "2", "--waves-cycles", "900", "--waves"]
    assert main(["run", str(build.folder), "--check", *asked, str(files[0])]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "streams equal the integer reference" in shown and str(files[0]) in shown
    assert main(["run", str(built.parent / "tiny"), *CHOICES, "-o", str(build.folder), *asked,
                 str(files[1])]) == 0  # fmt: skip
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_is_refused(
    built: Path, build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "w.fst")
    for options, words in (
        (["--waves-from", "5"], "Options of waves must come with --waves, which names the file"),
        (["--waves", file, "--fast"], "Option --fast must come without"),
        (["--waves", str(tmp_path / "w.vcd")], "must have a name that ends in .fst, not"),
        (["--waves", str(tmp_path / "no" / "w.fst")], "must be in a folder that is there, not"),
        (["--waves", file, "--waves-cycles", "0"], "Cycles of waves must be at least 1, not 0"),
        (["--waves", file, "--waves-from", "token"], "token:N,layer:N, not 'token'"),
        (["--waves", file, "--waves-from", "token:2"], "Token of waves must be below 2, not 2"),
        (["--waves", file, "--waves-from", "layer:2"], "Layer of waves must be below 2, not 2"),
        (["--waves", file, "--waves-only", "norm_3"], "Pattern 'norm_3' must match a kernel or"),
        (["--waves", file, "--waves-from", "999999"], "Waves must begin within the simulation"),
    ):
        assert main([*typed(built, build), *options]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert words in told
        if "norm_3" in options:
            assert "did you mean norm_" in told
    assert list(tmp_path.iterdir()) == []
