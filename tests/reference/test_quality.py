# SPDX-License-Identifier: Apache-2.0
"""Divergence and agreement of logits, by their definition."""

import numpy as np
import pytest

from streamhw.reference.quality import QUALITY_BOUND, quality


def test_equal_logits_cost_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 7)).astype(np.float32)
    same = quality(x, x + 3)  # a constant changes no probability
    assert same.nats == pytest.approx(0, abs=1e-6)
    assert (same.agreement, same.tokens, same.within_bounds) == (1.0, 10, True)


def test_by_definition_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    x, y = (random.normal(size=(6, 11)) for _ in range(2))
    p, q = (np.exp(z) / np.exp(z).sum(-1, keepdims=True) for z in (x, y))
    found = quality(x, y)
    assert found.nats == pytest.approx(float((p * np.log(p / q)).sum(-1).mean()))
    assert found.agreement == (x.argmax(-1) == y.argmax(-1)).mean()
    assert not found.within_bounds and found.nats > QUALITY_BOUND
    monkeypatch.setattr("streamhw.reference.quality._LOGITS", 25)
    assert quality(x, y).nats == pytest.approx(found.nats)
