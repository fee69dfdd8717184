# SPDX-License-Identifier: Apache-2.0
"""What operations say of their products, heads and parts."""

import pytest

from streamhw.graph import (
    OPS,
    Attention,
    AttentionHeads,
    Chunk,
    Linear,
    MatrixProduct,
    RmsNorm,
    RowPart,
)


def test_a_product_has_its_matrix() -> None:
    assert Linear(inputs=8, outputs=24, weight="w").product == MatrixProduct(inputs=8, outputs=24)


def test_attention_has_its_heads() -> None:
    heads = Attention(heads=6, kv_heads=2, head_dim=4).attention
    assert heads == AttentionHeads(heads=6, kv_heads=2, head_dim=4)
    assert heads.shared == 3
    windows = Attention(heads=6, kv_heads=2, head_dim=4, windows=(5, None)).attention.windows
    assert windows == (5, None)
    assert heads.longest(32) == 32


@pytest.mark.parametrize(("windows", "longest"), [((5, None), 32), ((5, 9), 9), ((40,), 32)])
def test_the_longest_row(windows: tuple[int | None, ...], longest: int) -> None:
    op = Attention(heads=6, kv_heads=2, head_dim=4, windows=windows)
    assert op.attention.longest(32) == longest


def test_a_part_of_a_row() -> None:
    assert Chunk(index=1, parts=3).row_part == RowPart(index=1, parts=3)


def test_lanes_divide_rows_and_heads() -> None:
    assert Linear(inputs=8, outputs=24, weight="w").row_sizes == (8,)
    assert Attention(heads=6, kv_heads=2, head_dim=4).row_sizes == (4,)
    assert RmsNorm(features=16, epsilon=1e-6, weight="g", heads=2).row_sizes == (16,)


def test_no_operation_is_two_things() -> None:
    """Each of these is a role of its own for the compiler."""
    for op in OPS:
        roles = ("product", "attention", "row_part")
        assert sum(role in vars(op) for role in roles) <= 1, op
