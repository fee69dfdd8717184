# SPDX-License-Identifier: Apache-2.0
"""Codes with minima from a GGUF file: emitted hardware computes with them as they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from gguf.constants import GGMLQuantizationType

from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers import attention, norm
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from tests.e2e.agreement import check_cycles, check_streams
from tests.e2e.machine import Machine
from tests.frontend.gguf.files import write_llama
from tests.tiny import TINY_LLAMA, tiny_decoder

ALIGNED = replace(TINY_LLAMA, features=64, hidden=96)


@pytest.mark.parametrize(("coarse", "bits"), [(1.0, 8), (0.0, 15)])
def test_every_stream_equals_the_reference(
    machine_of: Callable[..., Machine],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    coarse: float,
    bits: int,
) -> None:
    """Two digits where one scale for many features loses too much of them."""
    for layer in (norm, attention):
        monkeypatch.setattr(layer, "COARSE", coarse)
    kind = GGMLQuantizationType.Q4_1
    model = load(write_llama(tmp_path / "m.gguf", tiny_decoder(ALIGNED), type=kind))
    quantization = QuantConfig(number_format="int4g32m", tokens=64)
    choices = BuildConfig(quantization=quantization, multipliers=32)
    design = compile_model(model, load_board("sim"), choices)
    widths = {
        name: design.quantization.formats[name].width for name in ("norm_1", "norm_2", "attention")
    }
    assert set(widths.values()) == {bits}
    machine = machine_of(design=design, of=model, observed=True)
    check_streams(machine)
    check_cycles(machine)
