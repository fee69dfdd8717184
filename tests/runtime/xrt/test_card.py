# SPDX-License-Identifier: Apache-2.0
"""A library that is no card; ``tests/vitis/test_host.py`` has one that is."""

from pathlib import Path

import pytest

from streamhw.errors import ToolError
from streamhw.runtime.xrt.card import LibraryCard


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"Library .*libcard\.so must load, but: ") as refused:
        LibraryCard(tmp_path / "libcard.so", tmp_path / "kernel.xclbin", kernel="streamhw")
    assert "make host" in str(refused.value.hint)
