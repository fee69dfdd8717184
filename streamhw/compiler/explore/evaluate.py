# SPDX-License-Identifier: Apache-2.0
"""What a choice would give: the compiler's stages behind quantization, and the cycle estimate."""

from collections import Counter
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, cast

from ...errors import BuildError, InternalError, UserError
from ...numerics.element_format import ElementFormat
from ...stream.spec import Resources
from ..ir.levels import PlacedNetlist, Quantized
from ..mapping.engine_sharing import EngineAssignment, formats_of, product_of
from ..mapping.engine_tiling import product_beats
from ..mapping.tiling import Tiling
from ..performance.estimate import Estimate
from ..pipeline import STAGES
from ..resources.fpga_cells import cells_of
from .design_point import Choice
from .objective import Invalid, Outcome, Score, share_of

__all__ = ["Evaluator"]


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Scores choices for one model, board and answer.

    design: after quantization, which all choices share
    prompt, tokens: of the answer that is predicted
    """

    design: Quantized
    prompt: int
    tokens: int

    @property
    def formats(self) -> dict[str, ElementFormat]:
        """The weight format of every product."""
        return formats_of(self.design.graph, self.design.quantization)

    def __call__(self, choice: Choice) -> Outcome:
        """The score, or why there is no such design: it does not divide, or does not fit."""
        if (reason := self._too_many_multipliers(choice)) is not None:
            return Invalid(reason)
        try:
            design = self.compile(choice)
        except BuildError as error:
            kind = "budget" if "must fit" in str(error) else "sizes"
            return Invalid(f"{kind}: {error}")
        except InternalError as error:
            return Invalid(f"faults of streamhw: {error}")
        except (UserError, ValueError) as error:
            return Invalid(f"sizes: {error}")
        answer = Estimate.placed(design).answer(self.prompt, self.prompt + self.tokens)
        cells = design.placement.total
        return Score(
            prompt=answer.prompt,
            token=sum(answer.tokens) / max(1, len(answer.tokens)),
            total=answer.total,
            luts=cells.luts,
            ffs=cells.ffs,
            dsps=cells.dsps,
            block_ram=cells.block_ram,
            ultra_ram=cells.ultra_ram,
            share=share_of(cells, design.board),
        )

    def compile(self, choice: Choice) -> PlacedNetlist:
        """The placed design of a choice; raises what the stages raise."""
        design: Any = replace(self.design, config=choice.config(self.design.config))
        for stage in STAGES[1:]:
            design = stage.run(design)
        return cast(PlacedNetlist, design)

    def bound(self, assignments: tuple[EngineAssignment, ...], tiling: Tiling) -> float:
        """Cycles that the answer takes at least: each engine multiplies, and memory sends."""
        graph, board = self.design.graph, self.design.board
        layers = graph.loops[0].trips
        work: Counter[str] = Counter()
        beats = 0
        prompts = [
            min(tiling.token_batch, self.prompt - at)
            for at in range(0, self.prompt, tiling.token_batch)
        ]
        rows = sum(prompts) + self.tokens - 1
        steps, heads = len(prompts) + self.tokens - 1, self.tokens
        for assignment in assignments:
            engine = tiling.engines[assignment.instance]
            for name in assignment.nodes:
                product = product_of(graph, name)
                tiles = ceil(product.outputs / engine.rows)
                passes = tiles * product.inputs // engine.inputs
                once = product_beats(product, engine.rows, assignment, board.beat_bits)
                inside = name in assignment.body
                work[assignment.instance] += passes * (layers * rows if inside else heads)
                beats += once * (layers * steps if inside else heads)
        return float(max(max(work.values()), beats / board.ports[0].beats_per_cycle))

    def _too_many_multipliers(self, choice: Choice) -> str | None:
        """A look at the products alone, before anything is compiled."""
        board, quantization = self.design.board, self.design.quantization
        needed = 0
        for engine, products in zip(choice.tiling.engines.values(), choice.sharing, strict=False):
            bits = formats_of(self.design.graph, quantization)[products[0]].value_bits
            one = cells_of(Resources(luts=0, ffs=0, multipliers=((8, bits),)), board.family).dsps
            needed += one * engine.multipliers
        if needed > board.budget.dsps:
            return f"budget: engines need {needed:,} DSPs of {board.budget.dsps:,}"
        return None
