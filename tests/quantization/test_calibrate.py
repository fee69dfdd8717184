# SPDX-License-Identifier: Apache-2.0
"""Calibration: which tokens, and what is kept of the values that they give."""

from dataclasses import replace

import numpy as np

from streamhw.compiler.layers.table import layer_table
from streamhw.frontend import load
from streamhw.graph.float_reference import forward
from streamhw.quantization.calibrate import calibrate, calibration_tokens, text_windows, windows
from streamhw.quantization.config import QuantConfig

MODEL = load("gpt2-shakespeare")
RULES = layer_table().quantization


def test_windows_are_spread_over_the_text() -> None:
    tokens = np.arange(100)
    assert windows(tokens, 30).shape == (3, 30)
    np.testing.assert_array_equal(windows(tokens, 10, 2)[:, 0], [0, 90])
    assert windows(tokens, 200).shape == (1, 100)


class Begun:
    """A tokenizer whose prompts begin with a token of their own."""

    beginning = (3,)

    def encode(self, text: str) -> list[int]:
        return MODEL.tokenizer.encode(text)


def test_windows_begin_as_prompts_do() -> None:
    tokens = np.arange(100, 200)
    begun = replace(MODEL, tokenizer=Begun())
    found = text_windows(begun, tokens, 11, 2)
    assert found.shape == (2, 11) and (found[:, 0] == 3).all()
    np.testing.assert_array_equal(found[:, 1:], windows(tokens, 10, 2))
    same = text_windows(begun, np.concatenate([[3], tokens]), 11, 2)
    np.testing.assert_array_equal(same, found)
    for model in (MODEL, replace(MODEL, tokenizer=None)):
        np.testing.assert_array_equal(text_windows(model, tokens, 11, 2), windows(tokens, 11, 2))
    np.testing.assert_array_equal(text_windows(begun, tokens[:2], 2), [[100, 101]])


def test_where_prompts_begin_so_every_window_to_calibrate_on_does() -> None:
    model = replace(MODEL, general_calibration=True, begin_token=3, tokenizer=Begun())
    found, _ = calibration_tokens(model, QuantConfig(tokens=512))
    assert (found[:, 0] == 3).all() and (found[:, 1] != 3).all()


def test_a_text_of_the_model_is_taken_as_it_is() -> None:
    found, source = calibration_tokens(MODEL, QuantConfig(tokens=256))
    tokens = MODEL.tokenizer.encode(MODEL.calibration)
    np.testing.assert_array_equal(found[0], tokens[:128])
    assert found.shape == (2, 128) and source == "256 tokens of calibration text"


def test_every_other_window_of_the_package_text_begins_as_texts_do() -> None:
    model = replace(MODEL, general_calibration=True, begin_token=3)
    plain, _ = calibration_tokens(MODEL, QuantConfig(tokens=512))
    found, _ = calibration_tokens(model, QuantConfig(tokens=512))
    assert (found[::2, 0] == 3).all()
    np.testing.assert_array_equal(found[::2, 1:], plain[::2, :-1])
    np.testing.assert_array_equal(found[1::2], plain[1::2])
    none, _ = calibration_tokens(replace(model, begin_token=None), QuantConfig(tokens=512))
    np.testing.assert_array_equal(none, plain)


def test_moments_are_of_each_operand_once_and_first_tokens_weigh_more() -> None:
    tokens, source = calibration_tokens(MODEL, QuantConfig(tokens=256))
    found = calibrate(MODEL.graph, MODEL.weights, tokens, RULES, outer=True, source=source)
    readers = {n.inputs[0] for n, _ in MODEL.graph.walk() if n.op.product is not None}
    assert {name for name, _ in found.moments} == readers
    x = forward(MODEL.graph, MODEL.weights, tokens, all_rows=True)["norm_final"]
    moments = found.moments["norm_final", None]
    np.testing.assert_allclose(moments.mean, x.mean(axis=(0, 1)), rtol=1e-3, atol=1e-4)
    power = (x * x).sum(axis=-1)
    weights = np.minimum(1, 4 * np.median(power) / power)
    square = np.einsum("wt,wtk->k", weights, x * x) / 256
    np.testing.assert_allclose(moments.square, square, rtol=1e-3)
    weights[:, 0] *= 0.3 * 128
    outer = np.einsum("wt,wti,wtj->ij", weights, x, x, optimize=True) / 256
    assert moments.outer is not None
    np.testing.assert_allclose(moments.outer, outer, rtol=1e-2, atol=1e-3 * np.abs(outer).max())


def test_the_share_that_is_done_is_told() -> None:
    tokens, source = calibration_tokens(MODEL, QuantConfig(tokens=5120))
    told: list[float] = []
    calibrate(
        MODEL.graph,
        MODEL.weights,
        tokens,
        RULES,
        outer=False,
        source=source,
        on_share=told.append,
    )
    assert len(told) == 3 and told == sorted(told) and told[-1] == 1.0
