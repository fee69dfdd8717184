# SPDX-License-Identifier: Apache-2.0
"""Bits are chosen once for a model, a board and a bound, before anything is built with them."""

from pathlib import Path

import pytest

from streamhw.api import chosen_bits
from streamhw.api.build import build
from streamhw.api.compile import compile
from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.quantization.config import QuantConfig
from tests.tiny import write_tiny

ANY = QuantConfig(rise=1.0)


def test_a_build_has_what_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMHW_CACHE", str(tmp_path / "cache"))
    model, board = load(str(write_tiny(tmp_path / "tiny", features=64))), load_board("sim")
    found = chosen_bits.chosen_bits(model, board, ANY)
    assert found.config == QuantConfig()
    files = list((tmp_path / "cache" / "bits").iterdir())
    assert len(files) == 1
    monkeypatch.setattr(chosen_bits, "mixed_bits", None)  # what is kept is not searched again
    assert chosen_bits.chosen_bits(model, board, ANY) == found
    config = BuildConfig(quantization=ANY)
    built = build(model, board, config, folder=tmp_path / "build")
    assert built.config.quantization == built.netlist.config.quantization == QuantConfig()
    stopped = compile(model, board, config, stop="quantize")
    assert stopped.config.quantization == QuantConfig()
    files[0].write_bytes(b"damaged")
    with pytest.raises(TypeError):
        chosen_bits.chosen_bits(model, board, ANY)


def test_random_weights_say_nothing() -> None:
    with pytest.raises(UserError, match="need trained weights, not random ones"):
        chosen_bits.chosen_bits(load("gpt2"), load_board("sim"), ANY)
