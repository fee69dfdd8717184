# SPDX-License-Identifier: Apache-2.0
"""YaRN: frequencies and amplitudes as the paper and transformers have them, pair by pair."""

from math import ceil, floor, log, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhw.errors import UserError
from streamhw.frontend.reading.config_reader import ConfigReader
from streamhw.frontend.reading.yarn import yarn_scaling
from streamhw.graph import Angles, Scaling


def read(head_dim: int = 64, base: float = 1e4, **values: Any) -> Scaling:
    reader = ConfigReader({"max_position_embeddings": 8192}, "c")
    return yarn_scaling(ConfigReader(values, "c: s"), reader, base=base, head_dim=head_dim)


@given(
    half=st.integers(2, 128),
    base=st.floats(100, 1e6),
    trained=st.integers(7, 8192),
    factor=st.floats(1, 64),
    truncate=st.booleans(),
)
def test_frequencies_pair_by_pair(
    half: int, base: float, trained: int, factor: float, truncate: bool
) -> None:
    size = 2 * half
    scaling = read(
        size, base, original_max_position_embeddings=trained, factor=factor, truncate=truncate
    )
    found = Angles(features=size, bases=(base,), scalings=(scaling,))
    low, high = (size * log(trained / (n * 2 * pi)) / (2 * log(base)) for n in (32, 1))
    if truncate:
        low, high = floor(low), ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    for pair, frequency in enumerate(found.frequencies(None)):
        ramp = min(1, max(0, (pair - low) / ((high - low) or 0.001)))
        plain = base ** (-2 * pair / size)
        wanted = plain / factor * ramp + plain * (1 - ramp)
        assert frequency == pytest.approx(wanted, rel=1e-6)
    assert found.amplitudes(None) == pytest.approx(np.full(half, 0.1 * log(factor) + 1))


def test_amplitudes() -> None:
    assert read(factor=4.0, attention_factor=1.25)[3:] == (1.25,)
    both = read(factor=4.0, mscale=2.0, mscale_all_dim=0.5)
    assert both[3:] == pytest.approx(((0.2 * log(4) + 1) / (0.05 * log(4) + 1),))
    op = Angles(features=8, bases=(1e4,), scalings=(read(8, factor=4.0),), counted=4)
    assert op.amplitudes(0).tolist() == [0.1 * log(4) + 1] * 2 + [1.0] * 2
    angles = op.evaluate((np.array([0, 3]),), {}.__getitem__, 0)
    assert angles[0].tolist() == pytest.approx([*op.amplitudes(0), 0, 0, 0, 0])


def test_without_a_factor_it_is_that_of_the_contexts() -> None:
    assert read(original_max_position_embeddings=2048) == read(
        original_max_position_embeddings=2048, factor=4.0
    )


def test_bases_that_all_pairs_rotate_often_with() -> None:
    with pytest.raises(UserError, match=r"must be less for a rope_theta of 10, not 8192$"):
        read(4, 10.0, original_max_position_embeddings=8192, truncate=False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"factor": 0.5}, "factor must be a number of at least 1, not 0.5"),
        ({"factor": "2"}, 'factor must be a number above 0, not "2"'),
        ({"factor": 1e6}, "factor must be less: cosines must be multiplied by less than 2, not"),
        ({"attention_factor": 2.0}, "attention_factor must be a number below 2, not 2.0"),
        ({"beta_fast": 0.5}, r"beta_fast must be a number above beta_slow \(1\), not 0.5"),
        (
            {"original_max_position_embeddings": 6},
            "original_max_position_embeddings must be an integer of at least 7, not 6",
        ),
    ],
)
def test_refusals(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^c: s: {message}"):
        read(**values)
