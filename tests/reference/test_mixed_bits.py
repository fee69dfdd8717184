# SPDX-License-Identifier: Apache-2.0
"""8 bits go where they gain most a byte, and no further than the bound asks."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from streamhw.api.evaluate import quantize_on
from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.layers.table import layer_table
from streamhw.compiler.pipeline import padded_for
from streamhw.errors import UserError
from streamhw.frontend import load
from streamhw.frontend.model import Model
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantizer import quantize
from streamhw.reference.diagnose import fake_quality
from streamhw.reference.evaluate import token_bytes
from streamhw.reference.mixed_bits import MixedBits, mixed_bits
from tests.tiny import write_tiny

ROWS = np.random.default_rng(5).integers(0, 60, (2, 32))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return load(str(write_tiny(folder, features=64, hidden=256)))


def padded_to(model: Model, config: QuantConfig) -> Model:
    return padded_for(model, load_board("sim"), BuildConfig(quantization=config))


def found_in(model: Model, rise: float) -> MixedBits:
    said: list[float] = []
    found = mixed_bits(
        model,
        partial(padded_to, model),
        lambda padded, config: quantize(padded, layer_table().quantization, config),
        QuantConfig(rise=rise),
        ROWS,
        lambda what, done: said.append(done),
    )
    assert said == sorted(said) and said[-1] <= 1
    return found


def rise_of(nats: float) -> float:
    return float(np.expm1(nats))


def test_bits_are_chosen_by_what_a_byte_gains(model: Model) -> None:
    ends = found_in(model, 1.0)
    assert ends.config == QuantConfig() and ends.nats == ends.narrow
    assert 0 < ends.wide < ends.narrow
    gains = [product.nats / product.more for product in ends.products]
    assert gains == sorted(gains, reverse=True)
    sizes = [ends.token_bytes]
    for share in (0.75, 0.5, 0.25):
        bound = ends.wide + share * (ends.narrow - ends.wide)
        found = found_in(model, rise_of(bound))
        assert found.nats <= found.bound == pytest.approx(bound)
        sizes.append(found.token_bytes)
        assert found.config.wide != ()
        assert found.narrow_bytes < found.token_bytes < found.wide_bytes
    assert sizes == sorted(sizes)


def test_the_mix_costs_what_was_said(model: Model) -> None:
    ends = found_in(model, 1.0)
    found = found_in(model, rise_of((ends.narrow + ends.wide) / 2))
    padded, quantized = quantize_on(load_board("sim"), model)(found.config)
    assert token_bytes(quantized) == found.token_bytes
    costs = [fake_quality(model, padded, quantized, row).nats for row in ROWS]
    assert np.mean(costs) == pytest.approx(found.nats, rel=0.1)


def test_bits_that_cost_no_byte_are_taken(tmp_path: Path) -> None:
    found = found_in(load(str(write_tiny(tmp_path / "tiny", features=32, hidden=64))), 1.0)
    free = {product.name for product in found.products if product.more <= 0}
    assert free != set() and set(found.config.wide) == free
    assert found.token_bytes < found.narrow_bytes


def test_a_bound_below_8_bits_is_refused(model: Model) -> None:
    ends = found_in(model, 1.0)
    with pytest.raises(UserError, match=r"Rise of perplexity must be at least .*everywhere cost"):
        found_in(model, rise_of(0.9 * ends.wide))


def test_a_head_of_8_bits_is_no_choice(model: Model) -> None:
    found = mixed_bits(
        model,
        partial(padded_to, model),
        lambda padded, config: quantize(padded, layer_table().quantization, config),
        QuantConfig(head_bits=8, rise=1.0),
        ROWS,
        lambda what, done: None,
    )
    assert "logits" not in {product.name for product in found.products}
    assert replace(found.config, head_bits=None) == QuantConfig()
