# SPDX-License-Identifier: Apache-2.0
"""Sizes of the matmul engine: what is refused, and what follows from them."""

from dataclasses import replace
from typing import Any

import pytest

from streamhw.kernels.matmul.spec import MatmulSpec
from streamhw.numerics.element_format import integer_format
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from tests.kernels.matmul.engines import INT8, OFFSETS, context


def test_two_digits_double_the_rows_and_widen_the_sums() -> None:
    sizes = {"rows": 4, "input_lanes": 4, "lanes": 2, "tokens": 3, "weights": integer_format(4)}
    one, two = (
        MatmulSpec(contexts=(context("a", bits=bits), context("b", tokens=1)), **sizes)
        for bits in (8, 15)
    )
    assert (one.rows_of_x, two.rows_of_x) == (3, 6)
    assert one.result_width == one.accumulator_width == two.accumulator_width
    assert two.result_width == two.accumulator_width + 7
    assert two.layout.tokens == 6 and two.command == one.command
    assert two.x_rows_of(two.contexts[0], {"tokens": 2}) == 4
    assert two.x_rows_of(two.contexts[1], {"tokens": 2}) == 1


@pytest.mark.parametrize(
    "change, text",
    [
        ({"rows": 6}, "outputs of a must be a multiple of 6, not 8"),
        ({"input_lanes": 5}, "inputs of a must be a multiple of 5, not 16"),
        ({"lanes": 3}, "Matmul lanes must divide rows 4, not 3"),
        ({"tokens": 2}, "tokens of a must be 1 to 2, not 3"),
        ({"contexts": ()}, "Matmul contexts must be at least 1, not 0"),
        ({"scale_lanes": 3}, "Matmul scale_lanes must be 1, 2, 4, 8 or 16, not 3"),
        ({"token_lanes": 3}, "Matmul token_lanes must be a power of two, not 3"),
        ({"levels": 0}, "Matmul levels must be at least 1, not 0"),
        ({"fabric_lanes": 2}, "Matmul fabric_lanes must be 0 to 1, not 2"),
        ({"fabric_columns": 4}, "Matmul fabric_columns must be 0 to 3, not 4"),
        ({"chain": 3}, "Matmul chain must divide input_lanes 4, not 3"),
        ({"rows": 1, "lanes": 1, "paired": True}, "Matmul rows must be even .*, not 1"),
        (
            {"paired": True, "chain": 8, "input_lanes": 8, "weights": integer_format(8)},
            "Matmul chain must keep sums of paired rows below 131072, not 8 with .*: 131072",
        ),
        (
            {"contexts": (replace(context(), arrival=row_major(INT8, (3, 8), 1)),)},
            "arrival of a must bring 3 x 16 codes of 8 to 15 bits once, .*",
        ),
        (
            {"contexts": (context(lanes=8),)},
            "arrival of a must bring 3 x 16 codes of 8 to 15 bits once, .*",
        ),
        ({"contexts": (context(scale_group=6),)}, "group of a must be a multiple of 4 .* not 6"),
        ({"contexts": (context(out=Fixed(33)),)}, "out of a must have at most 32 bits, not 33"),
        (
            {"contexts": (context(), context("b", scale_group=4))},
            "group must be given for all contexts or none, not for b",
        ),
        ({"weights": OFFSETS}, "group of a must be given with int4g8m, not None"),
        (
            {"row_dies": (0, 1, 0), "row_slices": 2},
            "row_dies must be of groups that divide 4, not 3",
        ),
        ({"row_slices": 2}, "row_slices must be given with row_dies, not 2 with 0"),
        ({"row_dies": (0, 1)}, "row_slices must be given with row_dies, not 0 with 2"),
        (
            {"contexts": (context(), context())},
            r"Matmul contexts must have different names, not \['a', 'a'\]",
        ),
    ],
)
def test_refuses(change: dict[str, Any], text: str) -> None:
    sizes = {"rows": 4, "input_lanes": 4, "lanes": 2, "tokens": 3, "weights": integer_format(4)}
    with pytest.raises(ValueError, match=f"^{text}$"):
        MatmulSpec(**({"contexts": (context(),)} | sizes | change))
