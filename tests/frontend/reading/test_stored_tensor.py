# SPDX-License-Identifier: Apache-2.0
"""Tensors that are changed as they are read, and names that wrappers changed."""

import numpy as np
import pytest

from streamhw.frontend.reading.stored_tensor import ChangedTensor, ZeroTensor, without_wrappers


def named(*names: str) -> dict[str, ZeroTensor]:
    return {name: ZeroTensor((index,)) for index, name in enumerate(names)}


def test_a_change_happens_at_each_read() -> None:
    class Counting(ZeroTensor):
        reads = 0

        def read(self) -> np.ndarray:
            Counting.reads += 1
            return np.ones(self.shape, np.float16)

    changed = ChangedTensor(Counting((2, 3), "F16"), np.transpose, (3, 2))
    assert changed.shape == (3, 2) and changed.kind == "F16" and Counting.reads == 0
    values = changed.read()
    assert values.shape == (3, 2) and values.dtype == np.float32 and Counting.reads == 1


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (("_orig_mod.a.b", "_orig_mod.c"), ("a.b", "c")),
        (("module.a", "module.b"), ("a", "b")),
        (("module._orig_mod.a", "module._orig_mod.b"), ("a", "b")),
        (("_orig_mod.module.a",), ("a",)),
        (("a._checkpoint_wrapped_module.b", "c"), ("a.b", "c")),
        (("module.a", "b"), ("module.a", "b")),
        (("a", "_orig_mod.a"), ("a", "_orig_mod.a")),
        ((), ()),
    ],
)
def test_wrappers(stored: tuple[str, ...], expected: tuple[str, ...]) -> None:
    tensors = named(*stored)
    found = without_wrappers(tensors)
    assert tuple(found) == expected
    assert list(found.values()) == list(tensors.values())
