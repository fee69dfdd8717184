# SPDX-License-Identifier: Apache-2.0
"""``streamhw.load_build``: a finished build as ``build`` returned it."""

from functools import cache, partial
from pathlib import Path

from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.layers.table import layer_table
from ..compiler.overrides import DECISIONS_FILE, Decisions
from ..compiler.pipeline import padded_for
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from .build import Build
from .kept_model import load_model

__all__ = ["load_build"]


def load_build(folder: str | Path) -> Build:
    """The build in a folder, with its model; nothing is compiled or written.

    Raises ``UserError`` if there is none, it is damaged or of another version, or its model is not
    where it was and as it was.
    """
    place = Path(folder)
    manifest, design = read_build(place)
    read_file(place, manifest, DECISIONS_FILE)
    decided = Decisions.load(place)
    config, board = decided.config, design.board
    model = load_model(place, manifest)
    padded = cache(partial(padded_for, model, board, config))

    @cache
    def quantized() -> QuantizedModel:
        return quantize(padded(), layer_table().quantization, config.quantization)

    return Build(
        folder=place,
        model=model,
        board=board,
        config=config,
        netlist=design,
        decisions=decided,
        reused=True,
        _quantized=quantized,
        _padded=padded,
    )
