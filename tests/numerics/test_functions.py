# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions: one formula each, whatever the width of floats; installed ones too."""

import pickle

import numpy as np
import pytest

from streamhw.numerics.functions import BUILT_IN, ElementwiseFunction, function_named, functions


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=str)
def test_single_follows_double(function: ElementwiseFunction) -> None:
    x = np.linspace(-20, 20, 4001)
    single = function.single(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, function.double(x), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("function", BUILT_IN.values(), ids=str)
def test_is_plain_data(function: ElementwiseFunction) -> None:
    again = pickle.loads(pickle.dumps(function))
    assert again == function and hash(again) == hash(function)


def test_names() -> None:
    assert function_named("relu") is BUILT_IN["relu"]
    assert set(BUILT_IN) <= set(functions())
    with pytest.raises(ValueError, match=r"^Function must be one of .*silu.*, not 'sigmoid_of'$"):
        function_named("sigmoid_of")
    with pytest.raises(ValueError, match=r"^Function name must be an identifier, not 'a b'$"):
        ElementwiseFunction(name="a b", real=np.abs)
