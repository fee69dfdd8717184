# SPDX-License-Identifier: Apache-2.0
"""The text of a component, and an instance of it."""

import pytest
from amaranth.back import rtlil

from streamhw.kernels.matmul.requantizer import RequantizerLane
from streamhw.stream.skid import Skid
from streamhw.stream.verilog_module import SharedModule, SourceFiles, add_module, module_text


class Files:
    """A platform that takes source files."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def add_file(self, name: str, content: str) -> None:
        self.texts[name] = content


def test_text_is_one_module_that_verilator_does_not_copy() -> None:
    text = module_text(Skid(shape=8), "skid_8")
    assert text.count("endmodule") == 1
    assert "; /*verilator no_inline_module*/" in text[text.index("module skid_8(") :]
    assert text == module_text(Skid(shape=8), "skid_8")


def test_an_instance_has_the_members_of_the_component() -> None:
    component = RequantizerLane(width=20, result=8)
    shared = SharedModule(component, "lane")
    assert dict(shared.signature.members.items()) == dict(component.signature.members.items())


def test_an_instance_names_the_module() -> None:
    text = rtlil.convert(SharedModule(RequantizerLane(width=20, result=8), "lane"), name="top")
    assert "\\lane " in text and "\\clk" in text and "\\rst" in text


def test_only_some_platforms_take_files() -> None:
    files = Files()
    assert isinstance(files, SourceFiles) and not isinstance(None, SourceFiles)
    add_module(files, Skid(shape=4), "skid_4")
    assert list(files.texts) == ["skid_4.v"] and "module skid_4(" in files.texts["skid_4.v"]
    with pytest.raises(TypeError, match="Platform must take source files, not NoneType"):
        add_module(None, Skid(shape=4), "skid_4")
