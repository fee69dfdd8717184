# SPDX-License-Identifier: Apache-2.0
"""A tiny model for the compiler's tests, compiled up to any stage."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist, Quantized
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.mapping.engine_sharing import Sharing, SharingChoice
from streamhw.compiler.mapping.tiling import Tiling
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantized_model import QuantizedModel
from streamhw.quantization.quantizer import quantize
from tests.tiny import write_tiny

Compiled = Callable[..., Any]
Parameters = Callable[[Quantized], QuantizedModel]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Two layers of 32, vocabulary 60: the head has rows that only fill a tile."""
    return load(str(write_tiny(tmp_path_factory.mktemp("models") / "tiny", vocabulary=60)))


@pytest.fixture(scope="session")
def compiled(tiny: Model) -> Compiled:
    """Compiles the tiny model; each choice is compiled once a session."""
    known: dict[tuple[object, ...], Quantized] = {}

    def compile(
        *,
        stop: str | None = None,
        weight_bits: int = 4,
        head_bits: int | None = None,
        sharing: SharingChoice = Sharing.ALL,
        tiling: Tiling | None = None,
    ) -> Quantized:
        key = (stop, weight_bits, head_bits, sharing, repr(tiling))
        if key not in known:
            group = 32 if weight_bits == 4 else None
            numbers = QuantConfig(weight_bits=weight_bits, head_bits=head_bits, scale_group=group)
            config = BuildConfig(
                quantization=numbers, sharing=sharing, multipliers=32, tiling=tiling
            )
            known[key] = compile_model(tiny, load_board("sim"), config, stop=stop)
        return known[key]

    return compile


@pytest.fixture(scope="session")
def parameters(tiny: Model) -> Parameters:
    """The integers of a design of the tiny model."""
    made = lru_cache(maxsize=None)(
        lambda config: quantize(tiny, layer_table().quantization, config)
    )
    return lambda design: made(design.config.quantization)


@pytest.fixture(scope="session")
def design(compiled: Compiled) -> PlacedNetlist:
    """The tiny model after all stages."""
    return compiled()
