# SPDX-License-Identifier: Apache-2.0
"""What all tests share: options ``--slow``, ``--waves`` and ``--update-dumps``, the seed of random
choices, and a build of a tiny model for a board with an open flow, also as a simulation of all of
that board."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import streamhw
from streamhw.api.build import Build
from streamhw.bitstream.board_core import parts_of
from streamhw.boards.base import load_board
from streamhw.errors import ToolError
from streamhw.testing import check_checkout
from streamhw.testing.board.library import CompiledBoard, compile_board
from tests.tiny import tiny_decoder

ROOT = Path(__file__).parents[1]
WAVES = Path("build") / "waves"
# Processes of xdist are told a width of 80 columns, as if a user had asked for that.
os.environ.pop("COLUMNS", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, too")
    parser.addoption(
        "--waves", action="store_true", help=f"wave files of kernel benches, below {WAVES}"
    )
    parser.addoption(
        "--update-dumps", action="store_true", help="record tests/compiler/dumps anew, then diff"
    )


def pytest_configure(config: pytest.Config) -> None:
    try:
        check_checkout(ROOT)
    except ToolError as error:
        raise pytest.UsageError(str(error)) from None
    if config.getoption("--waves"):
        os.environ["STREAMHW_WAVES"] = str(ROOT / WAVES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes minutes: --slow runs it")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("--waves"):
        terminalreporter.write_line(f"wave files of kernel benches are in {ROOT / WAVES}")
    # Whole modules may be skipped, too, and their reports are of collecting.
    reports = terminalreporter.stats.get("skipped", [])
    skipped = [r for r in reports if isinstance(r, pytest.TestReport) and "slow" in r.keywords]
    if skipped and not config.getoption("--slow"):
        terminalreporter.write_line(f"{len(skipped)} slow tests were not run; --slow runs them")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[int]:
    """The seed of a test's random choices: STREAMHW_SEED, else 1; a failure's report shows it."""
    chosen = int(os.environ.get("STREAMHW_SEED", "1"))
    print(f"seed {chosen}: STREAMHW_SEED={chosen} repeats {request.node.nodeid}")
    yield chosen


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A tiny model for the development board; tests may write into its folder ``bitstream``."""
    folder = tmp_path_factory.mktemp("ulx3s") / "build"
    choices = streamhw.BuildConfig(multipliers=16)
    return streamhw.build(tiny_decoder(), load_board("ulx3s"), choices, folder=folder)


@pytest.fixture(scope="session")
def small_board(small: Build) -> CompiledBoard:
    """The board of ``small`` in Verilator, with a fast line and a short test of memory."""
    parts = replace(parts_of(small.board), baud=round(small.board.clock_mhz * 1e6 / 5))
    board = replace(small.board, parts=parts)
    return compile_board(small.manifest, small.verilog, board, tested=4096)
