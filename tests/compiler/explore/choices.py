# SPDX-License-Identifier: Apache-2.0
"""Choices of a model that does not exist, and scores of them."""

from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.objective import Score
from streamhw.compiler.mapping.engine_tiling import EngineTiling
from streamhw.compiler.mapping.tiling import Tiling

__all__ = ["choice_of", "score_of"]


def choice_of(rows: int) -> Choice:
    """One engine of so many rows for two products."""
    engine = EngineTiling(rows=rows, inputs=4, lanes=2)
    return Choice(
        sharing=(("qkv", "hidden"),),
        tiling=Tiling(token_batch=4, lanes=4, attention_lanes=4, engines={"matmul": engine}),
    )


def score_of(cycles: float) -> Score:
    """A design whose answer takes so many cycles."""
    return Score(
        prompt=cycles / 2,
        token=cycles / 8,
        total=cycles,
        luts=100,
        ffs=200,
        dsps=3,
        block_ram=4,
        ultra_ram=0,
        share=0.25,
    )
