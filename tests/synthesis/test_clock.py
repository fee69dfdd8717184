# SPDX-License-Identifier: Apache-2.0
"""Ratchet of what a clock can be believed of: levels and loads of a small striped board.

What is better than a number here moves it; nothing moves it up. Kinds of modules that were mapped
before are remembered in the user's cache, so only the first run takes long.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from streamhw.boards.base import Budget, Die, Family, load_board
from streamhw.cache import default_cache
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from streamhw.synthesis.mapping import MappedModule, map_modules
from streamhw.synthesis.modules import Modules, read_modules
from streamhw.synthesis.pins import Driver
from tests.tiny import write_tiny

LEVELS = 6
"""Between two registers."""
LOADS = {Driver.REGISTER: 2000, Driver.LOGIC: 512}
"""Of a net, by what drives it: 500 for logic, or a share of a beat with its control."""
LONGER = {
    "attention_scores_i_q_convert": 11,  # ready of its credit from the walk over its blocks
    "residual": 9,  # the same of a converter that turns in place
    "attention_key_append_i_convert": 7,
    "attention_softmax": 7,
    "attention_values": 7,
    "matmul_w4": 7,
    "norm_1_i_affine_convert": 7,
    "sequencer": 7,
}
"""Kinds that begin so may have longer paths: behind a name, what the levels are of."""
HEAVIER = {
    # Rows on one die have no registers on the way, so that nothing could be copied there.
    ("matmul_w4", Driver.REGISTER): 7681,
    ("matmul_w4", Driver.LOGIC): 2049,
    # The products of one head, at all positions of a beat.
    ("attention_values", Driver.REGISTER): 3712,
    # Parts of an operand's registers move with an accepted beat.
    ("attention_scores_i_q_convert", Driver.LOGIC): 1044,
    ("attention_key_append", Driver.LOGIC): 964,
    ("attention_value_append", Driver.LOGIC): 964,
    # One beat of a bus of 512 bits with its strobes.
    ("write_bus", Driver.LOGIC): 588,
    ("read_bus", Driver.LOGIC): 513,
}
"""Kinds that begin so may have nets of more loads: what the largest drives."""

DIE = Budget(luts=130_000, ffs=400_000, dsps=700, block_ram=300, ultra_ram=100)
WHOLE = Budget(luts=260_000, ffs=800_000, dsps=1400, block_ram=600, ultra_ram=200)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    folder = tmp_path_factory.mktemp("clock")
    model = load(str(write_tiny(folder / "tiny", features=128, hidden=256)))
    board = load_board("sim")
    (port,) = board.ports
    board = replace(
        board,
        ports=tuple(replace(port, name=f"mem{n}", address=n << 24) for n in range(4)),
        striped=True,
        target=replace(board.target, multipliers=2048, lanes=8, token_lanes=2, fabric_lanes=1),
        paired=True,
        budget=WHOLE,
        dies=(Die(name="low", budget=DIE, memory=True), Die(name="high", budget=DIE)),
    )
    config = BuildConfig(quantization=QuantConfig(scale_group=32))
    return read_modules(emit(compile_model(model, board, config)).verilog)


@pytest.fixture(scope="module")
def mapped(modules: Modules) -> dict[str, MappedModule]:
    return map_modules(modules, Family.ULTRASCALE_PLUS, default_cache())


def bar_of(kind: str, known: dict[str, int], default: int) -> int:
    bare = kind.removeprefix("top.")
    return max([default, *(bar for begin, bar in known.items() if bare.startswith(begin))])


def loads(mapped: dict[str, MappedModule], driver: Driver) -> Iterator[tuple[str, str, int]]:
    """Of each kind, its most loaded net of a driver."""
    for kind, module in mapped.items():
        nets = [net for net in module.fan_out.whole if net.driver is driver]
        if nets:
            most = max(nets, key=lambda net: net.loads.total)
            yield kind, most.net, most.loads.total


@pytest.mark.slow
def test_levels(mapped: dict[str, MappedModule]) -> None:
    found = {kind: module.levels.longest for kind, module in mapped.items()}
    own = {kind: path for kind, path in found.items() if not path.inside}
    assert max(path.levels for path in own.values()) >= 3
    over = {kind: path for kind, path in own.items() if path.levels > bar_of(kind, LONGER, LEVELS)}
    assert over == {}


@pytest.mark.slow
@pytest.mark.parametrize("driver", LOADS)
def test_loads(mapped: dict[str, MappedModule], driver: Driver) -> None:
    known = {kind: bar for (kind, of), bar in HEAVIER.items() if of is driver}
    found = list(loads(mapped, driver))
    assert len(found) > 10
    over = [row for row in found if row[2] > bar_of(row[0], known, LOADS[driver])]
    assert over == []
