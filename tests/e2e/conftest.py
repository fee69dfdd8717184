# SPDX-License-Identifier: Apache-2.0
"""One design of gpt2-shakespeare for all whole-model tests: compiled, built, simulated."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.image import design_image
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import compile_model, quantize_for
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.reference.integer_model import IntegerModel
from streamhw.sim import verilator
from tests.e2e.machine import Machine


@pytest.fixture(scope="session")
def model() -> Model:
    return load("gpt2-shakespeare")


@pytest.fixture(scope="session")
def machine_of(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Machine]:
    """Makes a machine for a board, choices, and changed depths; ``of``: the design's model."""

    def make(
        board: str = "sim",
        config: BuildConfig | None = None,
        *,
        observed: bool = False,
        depths: Callable[[PlacedNetlist], dict[str, int]] | None = None,
        design: PlacedNetlist | None = None,
        of: Model = model,
    ) -> Machine:
        wanted = design.config if design is not None else config or BuildConfig()
        place = design.board if design is not None else load_board(board)
        quantized = quantize_for(of, place, wanted)
        design = design or compile_model(quantized, place, config)
        if depths is not None:
            design = replace(design, queues={**design.queues, **depths(design)})
        emitted = emit(design)
        folder = tmp_path_factory.mktemp("machine")
        (folder / "top.v").write_text(emitted.verilog)
        content = np.concatenate(list(design_image(design, quantized)))
        library = verilator.build([folder / "top.v"], emitted.manifest, observed=observed)
        return Machine(design, emitted, folder, library, content, quantized)

    return make


@pytest.fixture(scope="session")
def observed(machine_of: Callable[..., Machine]) -> Machine:
    """W4A8 on the simulator's board, with all streams and queues visible."""
    return machine_of(observed=True)


@pytest.fixture(scope="session")
def machine(observed: Machine) -> Machine:
    """The same Verilog without taps, as users run it."""
    library = verilator.build([observed.folder / "top.v"], observed.emitted.manifest)
    return replace(observed, library=library)


@pytest.fixture(scope="session")
def golden(machine: Machine) -> IntegerModel:
    return IntegerModel(machine.quantized, layer_table().reference)


@pytest.fixture(scope="session")
def prompts(model: Model) -> list[list[int]]:
    """Ten prompts of 1 to 100 tokens, from the held-out text and from nowhere."""
    assert model.tokenizer is not None and model.heldout is not None
    text = model.tokenizer.encode(model.heldout[:40_000])
    lengths = (1, 2, 6, 7, 8, 9, 16, 17, 50, 100)
    return [text[997 * i : 997 * i + length] for i, length in enumerate(lengths)]
