# SPDX-License-Identifier: Apache-2.0
"""Bench of the arg-max."""

import numpy as np
import pytest

from streamhw.kernels.reduce.argmax import ArgMaxSpec
from streamhw.numerics.fixed import Fixed
from streamhw.testing import Case, check_kernel


@pytest.mark.parametrize(
    "spec",
    [
        ArgMaxSpec(outputs=12, lanes=3, valid=10, fmt=Fixed(9)),
        ArgMaxSpec(outputs=16, lanes=8, valid=3, fmt=Fixed(5, signed=False), rows=2),
        ArgMaxSpec(outputs=4, lanes=4, fmt=Fixed(32, 8), rows=3),
        ArgMaxSpec(outputs=6, lanes=1, fmt=Fixed(3)),
        ArgMaxSpec(outputs=1, lanes=1, fmt=Fixed(8)),
    ],
)
def test_hardware_equals_golden(spec: ArgMaxSpec) -> None:
    rng = np.random.default_rng(3)
    shape, fmt = (spec.rows, spec.outputs), spec.fmt
    tensors = [rng.integers(fmt.minimum, fmt.maximum, shape, endpoint=True) for _ in range(6)]
    tensors[1][:] = fmt.minimum
    tensors[2][:] = fmt.maximum
    tensors[3][:, : spec.counted] = fmt.minimum  # only elements that do not count are larger
    tensors[4][:, :-1] = np.minimum(tensors[4][:, :-1], 0)
    check_kernel(spec, [Case(inputs={"i": tensor}) for tensor in tensors])


def test_golden_takes_the_first_of_equals_among_the_valid() -> None:
    spec = ArgMaxSpec(outputs=8, lanes=2, valid=6, fmt=Fixed(8), rows=2)
    logits = np.array([[1, 7, 7, 2, 0, 7, 9, 9], [-3, -9, -3, -4, -5, -6, 0, 0]])
    assert spec.compute({"i": logits}, {})["o"].tolist() == [1, 0]


@pytest.mark.parametrize(
    "change, text",
    [
        ({"lanes": 3}, "ArgMax lanes must divide outputs 8, not 3"),
        ({"valid": 9}, "ArgMax valid must be 1 to 8, not 9"),
        ({"valid": 0}, "ArgMax valid must be 1 to 8, not 0"),
        ({"rows": 0}, "ArgMax outputs, lanes and rows must be at least 1, not 8, 2 and 0"),
    ],
)
def test_refuses(change: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        ArgMaxSpec(**({"outputs": 8, "lanes": 2, "fmt": Fixed(8)} | change))
