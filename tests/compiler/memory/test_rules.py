# SPDX-License-Identifier: Apache-2.0
"""Rows of tables in whole memory beats."""

import numpy as np
import pytest

from streamhw.compiler.memory.rules import MemoryRule, padded_rows, row_bytes


@pytest.mark.parametrize(("features", "beat", "size"), [(8, 16, 16), (9, 16, 32), (3, 64, 64)])
def test_rows_are_whole_beats(features: int, beat: int, size: int) -> None:
    assert row_bytes(features, beat) == size


def test_rows_are_padded_with_zeros() -> None:
    table = np.arange(1, 13, dtype=np.uint8).reshape(2, 6)
    assert padded_rows(table, 8).tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]


def test_a_layer_without_memory_has_an_empty_rule() -> None:
    rule = MemoryRule()
    assert (rule.segments, rule.pack, rule.stored, rule.content, rule.working) == (None,) * 5
    assert not rule.early
