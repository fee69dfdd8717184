# SPDX-License-Identifier: Apache-2.0
"""Text is that of Amaranth's own conversion, and comes from the cache when it was made before."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import verilog

from streamhw.cache import TextCache
from streamhw.compiler.backend import conversion
from streamhw.compiler.backend.conversion import converted
from streamhw.compiler.backend.emit import emit
from streamhw.compiler.backend.portable_verilog import portable
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.errors import ToolError
from streamhw.stream.queue import Queue
from streamhw.stream.skid import Skid
from tests.compiler.backend.amaranth_adapter.both import as_meant


def queue() -> Queue:
    return Queue(shape=20, depth=5)


def test_as_amaranth_converts() -> None:
    """But for what the adapter means to change, and the words of what Yosys writes."""
    with as_meant():
        theirs = verilog.convert(queue(), name="q", emit_src=False, strip_internal_attrs=True)
    assert converted(queue(), "q") == portable(theirs)


def test_a_sealed_module_is_one_that_verilator_does_not_copy() -> None:
    text = converted(Skid(shape=8), "skid_8", sealed=True)
    assert text.count("endmodule") == 1
    assert "; /*verilator no_inline_module*/" in text[text.index("module skid_8(") :]


def test_warm_is_cold_without_yosys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = TextCache(tmp_path)
    cold = [converted(queue(), "q", sealed=sealed, cache=cache) for sealed in (False, True)]
    assert cold[0] != cold[1] and cold[0] == converted(queue(), "q")
    monkeypatch.setattr(subprocess, "run", None)
    assert cold == [converted(queue(), "q", sealed=sealed, cache=cache) for sealed in (False, True)]


def test_a_failing_yosys_is_a_tool_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "PLAIN", ("no_such_pass",))
    with pytest.raises(ToolError, match=r"^Yosys must turn RTLIL into Verilog, but stopped: "):
        converted(queue(), "q")


def test_a_missing_yosys_is_a_tool_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "YOSYS", "no-such-yosys")
    with pytest.raises(ToolError, match=r"^Verilog is written by the package no-such-yosys, and"):
        converted(queue(), "q")


def test_a_warm_emission_is_the_cold_one(
    design: PlacedNetlist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = emit(design, TextCache(tmp_path))

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is converted again")

    monkeypatch.setattr("streamhw.compiler.backend.ram_modules.rtlil_of", never)
    assert emit(design, TextCache(tmp_path)) == cold
