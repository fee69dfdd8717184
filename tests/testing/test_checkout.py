# SPDX-License-Identifier: Apache-2.0
"""Tests refuse a streamhw of another checkout, in one sentence; an installed one is none."""

from pathlib import Path

import pytest

from streamhw import sim
from streamhw.errors import ToolError
from streamhw.testing import check_checkout

ROOT = Path(__file__).parents[2]


def test_this_checkout() -> None:
    check_checkout(ROOT)


def test_another_checkout(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        check_checkout(tmp_path)
    assert str(error.value) == (
        f"Tests in {tmp_path} must run with the streamhw of the same checkout, not of {ROOT}"
    )


def test_a_part_of_another_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim, "__file__", str(tmp_path / "sim" / "__init__.py"))
    check_checkout(ROOT)  # no checkout: an installed package
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(ToolError, match=f"not of {tmp_path}"):
        check_checkout(ROOT)
