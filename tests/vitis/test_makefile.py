# SPDX-License-Identifier: Apache-2.0
"""The Makefile: targets, the files that they need, and tools that are named with a version."""

import re

from streamhw.api.build import Build
from streamhw.vitis.flow import package_files
from streamhw.vitis.kernel import kernel_of
from streamhw.vitis.makefile import makefile


def rules(text: str) -> dict[str, tuple[list[str], list[str]]]:
    """By target, what it needs and the lines of its recipe."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    targets: list[str] = []
    text = text.replace("\\\n", " ")
    for line in text[: text.index("\ndefine ")].splitlines():
        if line.startswith("\t"):
            for target in targets:
                found[target][1].append(line.strip())
        elif match := re.fullmatch(r"([^#=:]+):(?!=)\s*(.*)", line):
            targets = match[1].split()
            for target in targets:
                found.setdefault(target, (match[2].split(), []))
    return found


def test_targets_and_what_they_need(card: Build) -> None:
    kernel = kernel_of(card.manifest, card.board)
    text = makefile(kernel)
    found = rules(text)
    assert "PLATFORM ?= vendor_small_card" in text
    assert {"help", "xo", "xclbin", "host", "run", "answer", "clean"} <= found.keys()
    variables = dict(re.findall(r"^(\w+) +:= (\S+)$", text, re.M))
    assert variables["XCLBIN"] == "streamhw.$(TARGET).xclbin"
    package = package_files(card.manifest, card.netlist, "")
    for target, (needed, _) in found.items():
        for name in needed:
            made = name in found or name.startswith("$(")
            assert made or name in package or target == ".PHONY", f"{target} needs {name}"


def test_each_tool_is_named_with_its_version(card: Build) -> None:
    found = rules(makefile(kernel_of(card.manifest, card.board)))
    for target, tool in (("streamhw.xo", "vivado"), ("$(XCLBIN)", "v++"), ("host/main", "$(CXX)")):
        recipe = found[target][1]
        assert re.fullmatch(r"\$\(call needs,\S+,\w+ \d+\.\d+ or later\)", recipe[0])
        assert any(line.startswith(f"{tool} ") for line in recipe[1:])
