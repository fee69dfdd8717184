# SPDX-License-Identifier: Apache-2.0
"""Fusion of whole designs: what is counted, what is cut, and what happens when nothing fits."""

from dataclasses import replace

import pytest

from streamhw.boards.base import Board, load_board
from streamhw.compiler.config import BuildConfig, Fusion
from streamhw.compiler.fusion.on_chip_memory import intermediate_memory
from streamhw.compiler.fusion.paths import Paths
from streamhw.compiler.ir.levels import Dataflow, PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.errors import DoesNotFitError
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.kernels.memory.spill import SpillReadSpec, SpillWriteSpec
from streamhw.quantization.config import QuantConfig
from streamhw.stream.converter.spec import ConverterSpec
from tests.tiny import write_tiny

NUMBERS = QuantConfig(scale_group=32)
CONFIG = BuildConfig(quantization=NUMBERS, multipliers=32)


@pytest.fixture(scope="module")
def narrow() -> Board:
    """The simulator with memory beats of 128 bits: buffers at memory are small."""
    board = load_board("sim")
    return replace(board, ports=tuple(replace(port, width=128) for port in board.ports))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Two layers of 64: values that are worth the way to memory."""
    folder = tmp_path_factory.mktemp("models") / "wide"
    return load(str(write_tiny(folder, features=64, hidden=128)))


@pytest.fixture(scope="module")
def whole(wide: Model, narrow: Board) -> PlacedNetlist:
    return compile_model(wide, narrow, CONFIG)


@pytest.fixture(scope="module")
def tight(wide: Model, narrow: Board, whole: Dataflow) -> dict[Fusion, Dataflow]:
    """The design with less memory between kernels than it takes on chip, fused in both ways."""
    bits = whole.fused.bits * 6 // 10
    return {
        fusion: compile_model(wide, narrow, replace(CONFIG, fusion=fusion, on_chip_bits=bits))
        for fusion in Fusion
    }


def test_everything_on_chip_where_it_fits(whole: Dataflow) -> None:
    fused = whole.fused
    assert (len(fused.groups), fused.cuts, fused.bytes, fused.gap) == (1, (), 0, 0)
    assert fused.bits == intermediate_memory(whole).fused < fused.limit


def test_ways_of_values(whole: Dataflow) -> None:
    """Every stream of a value inside the layers is on a way, in a fork, or carried around."""
    paths = Paths(whole).all
    ways = {(p.source.name, p.sink.name, p.value) for p in paths}
    assert ("blocks_entry", "norm_1", "x") in ways and ("blocks_entry", "residual_1", "x") in ways
    assert ("norm_1", "qkv", "norm_1") in ways and ("mlp_out", "residual_2", "mlp_out") in ways
    on_the_way = [c.name for p in paths for c in p.channels]
    assert len(on_the_way) == len(set(on_the_way))
    engine = next(p for p in paths if p.sink.name == "hidden")
    assert engine.sink.instance == "matmul_w4"


@pytest.mark.parametrize("fusion", list(Fusion))
def test_cut_streams_go_through_memory(tight: dict[Fusion, Dataflow], fusion: Fusion) -> None:
    design = tight[fusion]
    fused = design.fused
    assert fused.cuts and fused.bytes > 0 and len(fused.groups) > 1
    assert intermediate_memory(design).fused <= fused.limit
    parts = {i.name: i.part for i in design.instances}
    for name in fused.cuts:
        write, read = parts[f"{name}_write"], parts[f"{name}_read"]
        assert isinstance(write, SpillWriteSpec) and isinstance(read, SpillReadSpec)
        region = design.memory.region(f"{name}_spill")
        assert region.offset == write.offset == read.offset
        assert region.bytes == write.layout.bytes
        assert {f"{name}_write_dma", f"{name}_read_dma"} <= set(parts)
        convert = parts.get(f"{name}_convert")
        assert convert is None or (isinstance(convert, ConverterSpec) and convert.plan.shared)


def test_optimal_moves_no_more_than_greedy(tight: dict[Fusion, Dataflow]) -> None:
    best, simple = tight[Fusion.OPTIMAL].fused, tight[Fusion.GREEDY].fused
    assert best.bytes <= simple.bytes and best.gap == 0


def test_too_little_memory_between_kernels(tiny: Model) -> None:
    """Fewer tokens of a step are tried, as only the multipliers were asked for."""
    seen: list[str] = []
    with pytest.raises(
        DoesNotFitError,
        match=r"^Values between kernels of tiny must fit into 1,000 bits of on-chip memory on sim, "
        r"but need [\d,]+ with as much as possible in external memory \([\d,]+ too many\); the "
        r"largest is \w+ with [\d,]+$",
    ) as caught:
        compile_model(
            tiny,
            load_board("sim"),
            replace(CONFIG, on_chip_bits=1000),
            on_stage=lambda name, _: seen.append(name),
        )
    assert caught.value.hint == "without --multipliers a build tries smaller sizes"
    assert seen.count("lower") == 3  # 8, 4 and 2 tokens
    with pytest.raises(DoesNotFitError, match=r"^Values between kernels") as caught:
        compile_model(tiny, load_board("sim"), BuildConfig(quantization=NUMBERS, on_chip_bits=1000))
    assert caught.value.hint == (
        "no smaller sizes of kernels are left to try: allow more --on-chip-bits"
    )


def test_a_smaller_token_batch_where_memory_between_kernels_is_short(tiny: Model) -> None:
    """The engine keeps its size: it is not what is too large."""
    board = load_board("sim")
    numbers = BuildConfig(quantization=NUMBERS, multipliers=32)
    need = {
        tokens: compile_model(tiny, board, replace(numbers, token_batch=tokens)).fused.bits
        for tokens in (2, 8)
    }
    least = replace(numbers, on_chip_bits=(need[2] + need[8]) // 2, cuts=())
    design = compile_model(tiny, board, replace(least, cuts=None))
    assert design.fused.bits <= (need[2] + need[8]) // 2
    (engine,) = design.tiling.engines.values()
    assert engine.multipliers == 32


def limited(**cells: int) -> Board:
    board = load_board("sim")
    return replace(board, budget=replace(board.budget, **cells))


def test_tiling_again_until_it_fits(tiny: Model) -> None:
    """60 DSPs too few for the engine of the board: half of it fits."""
    seen: list[str] = []
    large = compile_model(tiny, load_board("sim"), BuildConfig(quantization=NUMBERS))
    need = large.placement.total.dsps
    board = limited(dsps=need - 1)
    design = compile_model(
        tiny,
        board,
        BuildConfig(quantization=NUMBERS),
        on_stage=lambda name, _: seen.append(name),
    )
    assert design.placement.total.dsps < need
    (engine,) = design.tiling.engines.values()
    (before,) = large.tiling.engines.values()
    assert engine.multipliers == before.multipliers // 2
    assert seen.count("lower") == 2 and seen.count("tile") == 1


@pytest.mark.parametrize(("cell", "name"), [("luts", "LUTs"), ("ffs", "FFs")])
def test_a_refusal_names_the_cells_that_are_short(tiny: Model, cell: str, name: str) -> None:
    """Each kernel alone fits, all of them do not: memory between them is not to blame."""
    large = compile_model(tiny, load_board("sim"), CONFIG)
    parts = [getattr(cells, cell) for cells in large.placement.cells.values()]
    few = max(parts) + sum(parts) // 8
    with pytest.raises(
        DoesNotFitError,
        match=rf"^Model tiny must fit on board sim, but needs .*[\d,]+ {name} of {few:,} "
        r"\([\d,]+ too many\)",
    ) as caught:
        compile_model(tiny, limited(**{cell: few}), replace(CONFIG, token_batch=2))
    assert caught.value.hint == (
        "without --multipliers and --token-batch a build tries smaller sizes"
    )


def test_a_kernel_that_is_too_large_alone(tiny: Model) -> None:
    with pytest.raises(
        DoesNotFitError,
        match=r"^Kernel matmul_w4 must fit on board sim alone, but needs \d+ DSPs of 10 "
        r"\(\d+ too many\)$",
    ) as caught:
        compile_model(tiny, limited(dsps=10), BuildConfig(quantization=NUMBERS))
    assert caught.value.part == "matmul_w4"
    assert caught.value.hint == "no smaller sizes of kernels are left to try"
    with pytest.raises(DoesNotFitError, match=r"^Kernel matmul_w4 must fit .* but needs \d+ DSPs"):
        compile_model(tiny, limited(dsps=10), CONFIG)


def test_intermediate_memory(whole: PlacedNetlist) -> None:
    """By hand: 64 features, 2 heads, 128 hidden; a layer's input and results but the last, once."""
    found = intermediate_memory(whole, 8)
    # x, two norms, attention and its projection, residual_1 and mlp_out; qkv; hidden and activation
    features = 64 * 7 + 192 + 128 * 2
    assert found.without_matrices == 8 * 8 * features
    assert found.original - found.without_matrices == 8 * 2 * (2 * 8 * 8)
    assert intermediate_memory(whole).tokens == whole.graph.context
    assert intermediate_memory(whole).fused == found.fused
    fifo = next(c for c in whole.channels if c.name == "residual_1_i_a")
    row = next(r for r in found.rows if r.value == "x")
    assert row.fifos >= whole.queues[fifo.name] * fifo.consumed.beat_bits
    with pytest.raises(ValueError, match=r"^tokens must be 1 to the context of 32, not 33$"):
        intermediate_memory(whole, 33)
