# SPDX-License-Identifier: Apache-2.0
"""The wave file of a simulated answer: which cycles of which streams."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ..compiler.ir.levels import PlacedNetlist
from ..errors import UserError
from ..quantization.quantized_model import QuantizedModel
from ..sim.answer_steps import AnswerSteps
from ..sim.design_waves import layer_begin, shown_streams
from ..sim.wave_recorder import ALL_CYCLES, WavePlan
from ..waves.shown_stream import only

__all__ = ["PlannedWaves", "WaveBegin", "Waves"]

_BEGIN = re.compile(
    r"(?P<cycle>\d+)|token:(?P<token>\d+)(,layer:(?P<inner>\d+))?|layer:(?P<layer>\d+)", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class WaveBegin:
    """The first cycle of a wave file: by its number, or as a step or a layer of it begins.

    token: of the answer, from 0, that the step leads to; layer: from 0
    """

    cycle: int = 0
    token: int | None = None
    layer: int | None = None

    @classmethod
    def parse(cls, text: str) -> "WaveBegin":
        """``12000``, ``token:5``, ``layer:2`` or ``token:5,layer:2``; raises ``UserError``."""
        found = _BEGIN.fullmatch(text)
        if found is None:
            raise UserError(
                f"Begin of waves must be a cycle, token:N, layer:N or token:N,layer:N, not {text!r}"
            )
        token, layer = found["token"], found["layer"] or found["inner"]
        return cls(
            cycle=int(found["cycle"] or 0),
            token=None if token is None else int(token),
            layer=None if layer is None else int(layer),
        )


@dataclass(frozen=True, kw_only=True)
class PlannedWaves:
    """What a wave file holds, and after how many tokens of the answer it is to be begun."""

    plan: WavePlan
    tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Waves:
    """What the user wants of a wave file.

    cycles: how many; None: to the end; only: a pattern of the shell over kernels and streams

    Raises   ``UserError`` if that cannot be
    """

    file: Path
    begin: WaveBegin = field(default_factory=WaveBegin)
    cycles: int | None = None
    only: str | None = None

    def __post_init__(self) -> None:
        if self.file.suffix != ".fst":
            raise UserError(f"Wave file must have a name that ends in .fst, not {self.file}")
        if not self.file.parent.is_dir():
            raise UserError(f"Wave file must be in a folder that is there, not {self.file.parent}")
        if self.cycles is not None and self.cycles < 1:
            raise UserError(f"Cycles of waves must be at least 1, not {self.cycles}")

    def planned(
        self, design: PlacedNetlist, quantized: QuantizedModel, prompt: int, tokens: int
    ) -> PlannedWaves:
        """The same for an answer of so many tokens to so many; raises ``UserError``."""
        begin, layers = self.begin, design.graph.loops[0].trips
        if begin.token is not None and begin.token >= tokens:
            raise UserError(f"Token of waves must be below {tokens}, not {begin.token}")
        if begin.layer is not None and begin.layer >= layers:
            raise UserError(f"Layer of waves must be below {layers}, not {begin.layer}")
        steps = AnswerSteps(design, prompt, tokens)
        streams = shown_streams(design, quantized, steps)
        after = None
        if begin.layer is not None:
            after = layer_begin(design, steps, begin.token or 0, begin.layer)
        plan = WavePlan(
            file=self.file,
            streams=tuple(streams if self.only is None else only(streams, self.only)),
            cycle=begin.cycle,
            after=after,
            cycles=ALL_CYCLES if self.cycles is None else self.cycles,
        )
        return PlannedWaves(plan=plan, tokens=begin.token or 0 if after is None else 0)
