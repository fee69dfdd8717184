# SPDX-License-Identifier: Apache-2.0
"""Decisions: what a build wrote makes the same design again; what a user changed is obeyed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig, Sharing
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.overrides import SECTIONS, Decisions, decisions_of, differing
from streamhw.compiler.pipeline import STAGES, compile_model
from streamhw.compiler.text_dump import dump
from streamhw.errors import BuildError, UserError
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.stream.converter.geometry import BufferKind
from streamhw.stream.converter.spec import ConverterSpec
from tests.tiny import write_tiny

CONFIG = BuildConfig(quantization=QuantConfig(weight_bits=8), multipliers=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(str(write_tiny(tmp_path_factory.mktemp("decisions") / "tiny")))


@pytest.fixture(scope="module")
def design(model: Model) -> PlacedNetlist:
    return compile_model(model, load_board("sim"), CONFIG)


@pytest.fixture(scope="module")
def decisions(design: PlacedNetlist) -> Decisions:
    return decisions_of(design, CONFIG)


def again(model: Model, decisions: Decisions) -> PlacedNetlist:
    return compile_model(model, load_board("sim"), decisions.config, decisions=decisions)


def edited(decisions: Decisions, tmp_path: Path, section: str, name: str, value: Any) -> Decisions:
    """As a user does it: in the file."""
    data = json.loads(decisions.to_json())
    data[section][name] = value
    (tmp_path / "decisions.json").write_text(json.dumps(data))
    return Decisions.load(tmp_path)


def test_the_file_comes_back(decisions: Decisions, tmp_path: Path) -> None:
    file = tmp_path / "decisions.json"
    file.write_text(decisions.to_json())
    assert Decisions.load(file) == Decisions.load(tmp_path) == decisions
    assert all(getattr(decisions, section) is not None for section in SECTIONS)


def test_all_obeyed_is_the_same_design(
    model: Model, design: PlacedNetlist, decisions: Decisions
) -> None:
    same = again(model, decisions)
    assert dump(same) == dump(design)
    assert same.depths == design.depths and same.placement == design.placement


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_going_on_from_a_stage(
    model: Model, design: PlacedNetlist, decisions: Decisions, stage: str
) -> None:
    """Stages from there on decide as they did at first."""
    earlier = decisions.before(stage)
    names = [s.name for s in STAGES]
    kept = {section for section in SECTIONS if getattr(earlier, section) is not None}
    assert kept == {section for section in SECTIONS if names.index(section) < names.index(stage)}
    assert dump(again(model, earlier)) == dump(design)


def test_a_stopped_build_is_gone_on_with(model: Model, design: PlacedNetlist) -> None:
    stopped = compile_model(model, load_board("sim"), CONFIG, stop="tile")
    decided = decisions_of(stopped, CONFIG)
    assert decided.convert is None and decided.size is None and decided.place is None
    assert dump(again(model, decided.before("lower"))) == dump(design)
    with pytest.raises(UserError, match="must have those of stage convert to go on from size"):
        decided.before("size")


def test_a_depth_by_hand(model: Model, decisions: Decisions, tmp_path: Path) -> None:
    for depth in (16, 500):
        changed = edited(decisions, tmp_path, "size", "residual_1_i_a", depth)
        queues = again(model, changed.before("place")).queues
        assert (queues["residual_1_i_a"], queues["residual_2_i_a"]) == (depth, 64)


def test_a_converter_by_hand(model: Model, decisions: Decisions, tmp_path: Path) -> None:
    name = "residual_1_i_b_convert"
    changed = edited(decisions, tmp_path, "convert", name, {"kind": "ping-pong"})
    part = again(model, changed.before("fuse")).instance(name).part
    assert isinstance(part, ConverterSpec) and part.kind is BufferKind.PING_PONG


def test_cuts_by_hand(tmp_path: Path) -> None:
    """A build with little memory cuts; what it cut is cut again, also where there is room."""
    model = load(str(write_tiny(tmp_path / "wide", features=64, hidden=128)))
    board = load_board("sim")
    board = replace(board, ports=tuple(replace(port, width=128) for port in board.ports))
    whole = compile_model(model, board, CONFIG)
    assert decisions_of(whole, CONFIG).fuse == ()
    tight = replace(CONFIG, on_chip_bits=whole.fused.bits * 6 // 10)
    cut = compile_model(model, board, tight)
    names = cut.fused.cuts
    assert names and decisions_of(cut, tight).fuse == names
    wanted = replace(decisions_of(whole, CONFIG), fuse=names).before("memory")
    made = compile_model(model, board, CONFIG, decisions=wanted)
    assert made.fused.cuts == names
    assert made.fused.bits == cut.fused.bits
    with pytest.raises(UserError, match=r"^Decision fuse must name streams that can go through me"):
        compile_model(model, board, CONFIG, decisions=replace(wanted, fuse=("nothing",)))


def test_a_tiling_by_hand(model: Model, decisions: Decisions, tmp_path: Path) -> None:
    changed = edited(decisions, tmp_path, "tile", "token_batch", 4)
    made = again(model, changed.before("lower"))
    assert made.tiling.token_batch == 4
    assert made.queues["residual_1_i_a"] == 32


def test_an_engine_assignment_by_hand(model: Model, decisions: Decisions) -> None:
    groups = (("qkv", "hidden", "logits"), ("attention_out", "mlp_out"))
    made = again(model, replace(decisions, assign=groups).before("tile"))
    assert [b.nodes for b in made.assignments] == list(groups)


@pytest.mark.parametrize(
    ("section", "name", "value", "words"),
    [
        ("size", "nothing", 3, "Decision size.nothing must name a stream of the design"),
        ("size", "norm_1_i", -1, "Decision size.norm_1_i must be 0 beats or more, not -1"),
        (
            "size",
            "parameter_demux_i",
            8,
            "Decision size.parameter_demux_i must be at least a burst of 16 beats, not 8",
        ),
        ("convert", "norm_1", {}, "Decision convert.norm_1 must name a converter"),
        ("convert", "residual_1_i_b_convert", {"kind": "round"}, "must be one of ['single'"),
        ("convert", "residual_1_i_b_convert", {"kind": 3}, "], not 3"),
        ("convert", "residual_1_i_b_convert", {"color": 1}, "must be one of kind, not color"),
        ("place", "nothing", ("mem0",), "Decision place.nothing must name a DMA of the design"),
        ("place", "parameters_dma", ("mem9",), "must be a memory port of sim (mem0), not mem9"),
        (
            "place",
            "parameters_dma",
            (),
            "must have 1 of the memory ports, in the order of the board",
        ),
        ("place", "parameters_dma", ("mem0", "mem0"), "order of the board, not mem0, mem0"),
        ("tile", "token_batch", 1, "Tokens of a step must be at least 2"),
        ("tile", "engines", {}, "Tiling must have sizes of the engines matmul_w8"),
    ],
)
def test_what_cannot_be(
    model: Model,
    decisions: Decisions,
    tmp_path: Path,
    section: str,
    name: str,
    value: object,
    words: str,
) -> None:
    if section == "place":
        name = next(iter(decisions.place or {})) if name == "parameters_dma" else name
    with pytest.raises((UserError, BuildError)) as error:
        again(model, edited(decisions, tmp_path, section, name, value))
    assert words in str(error.value)


def test_other_models_and_boards(model: Model, decisions: Decisions, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must be for the board ulx3s, not for sim"):
        compile_model(model, load_board("ulx3s"), CONFIG, decisions=decisions)
    other = load(str(write_tiny(tmp_path / "tiny", layers=3)))
    with pytest.raises(UserError, match="must be of the model tiny as it is, not of another graph"):
        again(other, decisions)
    named = load(str(write_tiny(tmp_path / "small")))
    with pytest.raises(UserError, match="must be of the model small as it is, not of tiny"):
        again(named, decisions)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "Decisions must be a build or its decisions.json, not "),
        ("{", "Decisions must be a build or its decisions.json, not "),
        ("[]", "must be of version 2, not None"),
        ('{"version": 7}', "must be of version 2, not 7"),
        ('{"version": 2}', "must be as a build wrote them, but: Decisions must have a field model"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "decisions.json").write_text(text)
    with pytest.raises(UserError) as error:
        Decisions.load(tmp_path)
    assert words in str(error.value)


def test_choices_that_differ() -> None:
    assert list(differing(BuildConfig(), CONFIG)) == []
    assert list(differing(CONFIG, CONFIG)) == []
    asked = replace(CONFIG, multipliers=64, sharing=Sharing.NONE)
    assert list(differing(asked, CONFIG)) == [
        ("sharing", Sharing.ALL, Sharing.NONE),
        ("multipliers", 32, 64),
    ]
