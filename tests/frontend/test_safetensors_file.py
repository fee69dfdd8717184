# SPDX-License-Identifier: Apache-2.0
"""Safetensors: every number type that models have, and shards as Hugging Face reads them."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from streamhw.errors import UserError
from streamhw.frontend.safetensors_file import INDEX, SINGLE, directory_tensors, file_tensors

KINDS = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "I8": np.int8,
}


@pytest.mark.parametrize("kind", KINDS)
def test_types(tmp_path: Path, kind: str) -> None:
    values = np.array([[0.5, -2], [3, 1024]]).astype(KINDS[kind])
    save_file({"a": values, "b": np.array(values[0, 0])}, tmp_path / SINGLE)
    found = file_tensors(tmp_path / SINGLE)
    assert {name: (t.shape, t.kind) for name, t in found.items()} == {
        "a": ((2, 2), kind),
        "b": ((), kind),
    }
    assert (found["a"].read() == values).all()


def test_shards(tmp_path: Path) -> None:
    a, b, c = (np.full(2, float(i), np.float32) for i in range(3))
    save_file({"a": a, "twice": b}, tmp_path / "one")
    save_file({"b": b, "twice": c, "unlisted": c}, tmp_path / "two")
    index = {"a": "one", "b": "two", "twice": "one"}
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": index}))
    found = directory_tensors(tmp_path)
    assert set(found) == {"a", "b", "twice", "unlisted"}
    assert (found["twice"].read() == b).all() and (found["unlisted"].read() == c).all()
    save_file({"single": a}, tmp_path / SINGLE)
    assert set(directory_tensors(tmp_path)) == {"single"}


WHOLE = save({"a": np.arange(12.0), "b": np.ones((2, 3), np.float32)})


@settings(deadline=None)
@given(at=st.integers(0, len(WHOLE)), junk=st.binary(max_size=16), cut=st.booleans())
def test_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes, cut: bool
) -> None:
    file = tmp_path_factory.mktemp("junk") / "x.safetensors"
    file.write_bytes(WHOLE[:at] + junk + (b"" if cut else WHOLE[at + len(junk) :]))
    try:
        for tensor in file_tensors(file).values():
            assert tensor.read().shape == tensor.shape
    except UserError as error:
        assert str(error).startswith(f"{file}: the file must be a complete safetensors file (")
