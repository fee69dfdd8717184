# SPDX-License-Identifier: Apache-2.0
"""A design's bench before anything was simulated: its roofline, and answers as predicted."""

from math import ceil

from ..compiler.ir.levels import Netlist, PlacedNetlist
from ..compiler.performance.estimate import Estimate
from .bench import Bench, BenchPoint
from .roofline import roofline_of, shape_of

__all__ = ["empty_bench", "moved_bytes", "predicted_point"]


def empty_bench(design: PlacedNetlist, key: str, weights: str) -> Bench:
    """No points yet.

    key: of the build; weights: where they come from
    """
    engines = [b for i in design.instances if (b := i.part.behaviour()).contexts]
    board = design.board
    return Bench(
        key=key,
        model=design.graph.name,
        weights=weights,
        shape=shape_of(design.graph),
        board=board.name,
        part=board.part,
        clock_mhz=board.clock_mhz,
        quantization=str(design.config.quantization),
        roofline=roofline_of(design.graph, design.config.quantization, board),
        products_a_dsp=min(engine.products_a_multiplier for engine in engines),
        cells=design.placement.total,
    )


def predicted_point(estimate: Estimate, prompt: int, answer: int) -> BenchPoint:
    """An answer of ``answer`` tokens after ``prompt`` others, by the cost model."""
    found, board = estimate.answer(prompt, prompt + answer), estimate.design.board
    return BenchPoint(
        prompt=prompt,
        answer=answer,
        predicted=(found.prompt, *found.tokens),
        moved=moved_bytes(estimate.design, prompt, answer),
        memory=board.memory.name,
        sustained=board.memory_times.rate / board.ports[0].beats_per_cycle,
    )


def moved_bytes(design: Netlist, prompt: int, answer: int) -> float:
    """Bytes of parameters of every step, and of keys and values that are read and written."""
    body = design.memory.stride * design.graph.loops[0].trips
    steps = ceil(prompt / design.tiling.token_batch) + answer - 1
    positions = prompt + answer - 1
    work = roofline_of(design.graph, design.config.quantization, design.board).work
    cached = sum(work.cached(n + 1) for n in range(positions)) + positions * work.cache_bytes
    return float(steps * body + answer * design.memory.region("tail").bytes + cached)
