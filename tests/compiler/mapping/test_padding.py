# SPDX-License-Identifier: Apache-2.0
"""Padding is chosen so that engines divide rows: none where they do, little where they do not."""

from dataclasses import replace

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig, Sharing
from streamhw.compiler.ir.levels import Dataflow
from streamhw.compiler.mapping.attention_tiling import halves_of, head_groups
from streamhw.compiler.mapping.engine_sharing import share_engines
from streamhw.compiler.mapping.padding import choose_padding
from streamhw.compiler.mapping.tiling import check_tiling, choose_tiling
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend.decoder import DecoderConfig, decoder_graph
from streamhw.frontend.gpt2 import Gpt2Config, gpt2_graph
from streamhw.frontend.shapes import SHAPES
from streamhw.graph import Graph
from streamhw.graph.ops.work import AttentionHeads
from streamhw.graph.padding import RowPadding, padded_graph
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.weight_formats import weight_formats
from tests.tiny import tiny_decoder

BOARDS = ("sim", "ulx3s", "u55c")


def padding_of(graph: Graph, board: str, quantization: QuantConfig) -> RowPadding:
    found = load_board(board)
    return choose_padding(graph, found, found.target, quantization, Sharing.ALL)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("head_dim", [1, 2, 3, 20, 48, 80, 96, 100, 112, 256])
def test_every_head_gets_engines(board: str, bits: int, head_dim: int) -> None:
    config = Gpt2Config(
        layers=1, features=3 * head_dim, heads=3, vocabulary=7, context=8, hidden=341
    )
    graph, quantization = gpt2_graph("g", config), QuantConfig(weight_bits=bits)
    padded = padded_graph(graph, padding_of(graph, board, quantization)).graph
    found = load_board(board)
    formats = weight_formats(padded, quantization)
    assignments = share_engines(padded, formats, Sharing.ALL)
    tiling = choose_tiling(padded, found, found.target, assignments)
    check_tiling(padded, found, assignments, tiling)


@pytest.mark.parametrize(("heads", "kv_heads", "head_dim"), [(4, 1, 48), (12, 4, 100), (2, 2, 24)])
def test_tiles_of_attention_do_not_straddle_rotated_halves(
    heads: int, kv_heads: int, head_dim: int
) -> None:
    """Halves of 24: a tile of 16 would lie across them, and no converter can give it."""
    config = DecoderConfig(
        layers=1, features=8, hidden=12, heads=heads, kv_heads=kv_heads, head_dim=head_dim,
        vocabulary=50, context=17,
    )  # fmt: skip
    model = tiny_decoder(config)
    wanted = BuildConfig(quantization=QuantConfig(weight_bits=8))
    for board in ("sim", "ulx3s"):
        design = compile_model(model, load_board(board), wanted, stop="convert")
        assert isinstance(design, Dataflow)
        halves, lanes = halves_of(design.graph), design.tiling.attention_lanes
        assert halves and all(half % lanes == 0 or lanes % half == 0 for half in halves)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_engines_divide_are_not_padded(name: str) -> None:
    shape = SHAPES[name]
    graph = shape.family.graph(name, shape.config)
    for bits in (4, 8):
        assert padding_of(graph, "u55c", QuantConfig(weight_bits=bits)) == RowPadding()


def test_as_little_is_padded_as_helps() -> None:
    """An odd layer of a tiny Llama, and heads of which a few more help more than longer ones."""
    config = DecoderConfig(
        layers=4,
        features=128,
        hidden=341,
        heads=4,
        kv_heads=2,
        head_dim=32,
        vocabulary=1024,
        context=128,
    )
    padding = padding_of(decoder_graph("glass", config), "sim", QuantConfig())
    assert (padding.features, padding.kv_heads) == (64, 0)
    odd = Gpt2Config(layers=1, features=7 * 8, heads=7, vocabulary=10, context=2, hidden=64)
    assert padding_of(gpt2_graph("odd", odd), "sim", QuantConfig()).kv_heads == 1


def test_heads_pass_together_where_tiles_end_with_them() -> None:
    """Of 20 heads of 64, five are 320 features: a tile of 128 outputs would lie across."""
    heads = AttentionHeads(heads=20, kv_heads=20, head_dim=64)
    assert head_groups(heads, 2048, ()) == [1, 2, 4, 5, 10, 20]
    assert head_groups(heads, 2048, (128,)) == [1, 2, 4, 10, 20]


@pytest.mark.parametrize("multipliers", [1, 4])
def test_where_no_padding_helps_groups_are_whole_nevertheless(multipliers: int) -> None:
    """Weights can be quantized, and the choice of tiles says what is wrong, if anything is."""
    board, quantization = load_board("sim"), QuantConfig(weight_bits=4)
    target = replace(board.target, multipliers=multipliers)
    graph = tiny_decoder().graph
    padding = choose_padding(graph, board, target, quantization, Sharing.ALL)
    padded = padded_graph(graph, padding).graph
    formats = weight_formats(padded, quantization)
    for node, _ in padded.walk():
        if node.op.product is not None:
            assert node.op.product.inputs % (formats[node.name].scale_group or 1) == 0
