# SPDX-License-Identifier: Apache-2.0
"""Depths are computed once for equal parts and streams, whichever stage asks first."""

import pickle
from dataclasses import fields, replace

import pytest

from streamhw.boards.base import Board, Die, load_board
from streamhw.compiler import provisional as module
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import Netlist, PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.compiler.provisional import provisional
from streamhw.frontend import Model
from streamhw.quantization.config import QuantConfig
from tests.compiler.conftest import Compiled


def test_depths_are_those_that_streams_get(compiled: Compiled, design: PlacedNetlist) -> None:
    queues, depths = provisional(compiled(stop="control"))
    assert queues == design.queues
    assert depths.depth == design.depths.depth and depths.verdicts == design.depths.verdicts


def test_equal_netlists_are_sized_once(compiled: Compiled) -> None:
    netlist = compiled(stop="control")
    same = pickle.loads(pickle.dumps(netlist))
    assert same is not netlist and provisional(same) is provisional(netlist)
    regrouped = replace(netlist, fused=replace(netlist.fused, method="another"))
    assert provisional(regrouped) is provisional(netlist)


def two_dies() -> Board:
    """The simulator's memory behind two dies, each with room for everything."""
    board, budget = load_board("sim"), load_board("sim").budget
    whole = replace(budget, **{f.name: 2 * getattr(budget, f.name) for f in fields(budget)})
    dies = (Die(name="low", budget=budget, memory=True), Die(name="high", budget=budget))
    return replace(board, name="two", budget=whole, dies=dies)


@pytest.mark.parametrize(
    ("board", "pins", "runs"),
    [(load_board("sim"), (), 1), (two_dies(), (("attention_softmax", "high"),), 2)],
    ids=["one die", "two dies"],
)
def test_a_compilation_sizes_each_netlist_once(
    tiny: Model,
    board: Board,
    pins: tuple[tuple[str, str], ...],
    runs: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fusion, partition and sizing ask for one netlist, but for register slices between dies."""
    asked: list[Netlist] = []
    really = module.sized
    module._sized.cache_clear()
    monkeypatch.setattr(module, "sized", lambda design: asked.append(design) or really(design))
    numbers = QuantConfig(scale_group=32)
    compile_model(tiny, board, BuildConfig(quantization=numbers, multipliers=32, pins=pins))
    assert len(asked) == runs
