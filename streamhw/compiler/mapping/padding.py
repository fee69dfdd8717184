# SPDX-License-Identifier: Apache-2.0
"""How far rows are padded, so that engines divide them: any shape of a model can be built."""

from collections.abc import Iterator

from ...boards.base import Board
from ...boards.target import DesignTarget
from ...frontend.model import Model
from ...frontend.padded_model import padded_model
from ...graph import Graph
from ...graph.padding import RowPadding, padded_graph, padded_layouts
from ...quantization.config import QuantConfig
from ...quantization.weight_formats import weight_formats
from .attention_tiling import attention_sizes, halves_of
from .engine_sharing import EngineAssignment, SharingChoice, share_engines
from .engine_tiling import best_engine
from .sizes import powers
from .tiling import row_lanes

__all__ = ["choose_padding", "fitting_model"]

_FEATURES, _CHANNELS = 1024, 512
"""Largest multiples of features of a row, and of channels of half a head, that are tried."""


def fitting_model(
    model: Model,
    board: Board,
    target: DesignTarget,
    quantization: QuantConfig,
    sharing: SharingChoice,
) -> Model:
    """The model with rows padded as ``choose_padding`` says."""
    return padded_model(model, choose_padding(model.graph, board, target, quantization, sharing))


def choose_padding(
    graph: Graph,
    board: Board,
    target: DesignTarget,
    quantization: QuantConfig,
    sharing: SharingChoice,
) -> RowPadding:
    """None where engines of the target divide the model's rows; else the one with which a token
    takes the fewest cycles, by the work of engines and row-wise kernels.

    If no padding helps, the choice of tiles says what is wrong: it is the least with which weights
    have whole groups.
    """

    def cycles(padding: RowPadding) -> float | None:
        padded = padded_graph(graph, padding).graph
        assignments = share_engines(padded, weight_formats(padded, quantization), sharing)
        return _cycles(padded, board, target, assignments, quantization.cache_bits)

    none = RowPadding()
    if cycles(none) is not None:
        return none
    fewest = float("inf")
    sizes = {padding: _size(graph, padding) for padding in _paddings(graph)}
    order = sorted(sizes, key=lambda p: sizes[p])
    best = next((p for p in (none, *order) if _has_whole_groups(graph, p, quantization)), none)
    for padding in order:
        # A row-wise kernel only adds to what the products take.
        if sizes[padding] / target.multipliers >= fewest:
            break
        spent = cycles(padding)
        if spent is not None and spent < fewest:
            best, fewest = padding, spent
    return best


def _has_whole_groups(graph: Graph, padding: RowPadding, quantization: QuantConfig) -> bool:
    """Whether the groups that share a multiplier divide the padded columns of each product."""
    padded = padded_graph(graph, padding).graph
    formats = weight_formats(padded, quantization)
    products = ((node.name, node.op.product) for node, _ in padded.walk())
    return all(
        op.inputs % (formats[name].scale_group or 1) == 0 for name, op in products if op is not None
    )


def _size(graph: Graph, padding: RowPadding) -> int:
    """Multiplications of a token in padded products."""
    layouts = padded_layouts(graph, padding)
    return sum(
        (1 if loop is None else loop.trips)
        * layouts[node.inputs[0]].padded
        * layouts[node.name].padded
        for node, loop in graph.walk()
        if node.op.product is not None
    )


def _paddings(graph: Graph) -> Iterator[RowPadding]:
    """Multiples that are powers of two; heads and their channels up to the next one."""
    heads = [found for node, _ in graph.walk() if (found := node.op.attention) is not None]
    added = max((_above(found.kv_heads) - found.kv_heads for found in heads), default=0)
    for features in powers(1, _FEATURES):
        for channels in powers(1, _CHANNELS) if heads else (1,):
            for kv_heads in range(added + 1):
                yield RowPadding(features=features, channels=channels, kv_heads=kv_heads)


def _above(count: int) -> int:
    """The least power of two that is at least ``count``."""
    return 1 << (count - 1).bit_length()


def _cycles(
    graph: Graph,
    board: Board,
    target: DesignTarget,
    assignments: tuple[EngineAssignment, ...],
    cache_bits: int,
) -> float | None:
    """Cycles of a token: of all products one after the other, and of all row-wise kernels; ``None``
    if kernels of the target cannot be cut to the rows."""
    lanes = row_lanes(graph, target.lanes)
    engines = [best_engine(graph, board, a, target.multipliers, lanes) for a in assignments]
    halves = halves_of(graph)
    if any(half % lanes and lanes % half for half in halves):
        return None
    spent = 0.0
    for node, loop in graph.walk():
        heads, product = node.op.attention, node.op.product
        if heads is not None:
            least = attention_sizes(heads, board.beat_bits // cache_bits, lanes, halves)[0]
            # Attention must not have more multipliers than an engine.
            if least > lanes and 2 * least > target.multipliers:
                return None
            # Tiles of results and heads must not straddle each other.
            rows = [engine.rows for engine in engines if engine is not None]
            if any(heads.head_dim % n and n % heads.head_dim for n in rows):
                return None
        trips = 1 if loop is None else loop.trips
        if product is not None:
            spent += trips * product.inputs * product.outputs / target.multipliers
        elif len(shape := graph.shapes[node.name]) > 1 and isinstance(shape[-1], int):
            spent += trips * shape[-1] / lanes
    return spent if all(engines) else None
