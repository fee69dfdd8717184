# SPDX-License-Identifier: Apache-2.0
"""The notebook runs from top to bottom, and is committed without what a run puts into it."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FILE = Path(__file__).parents[2] / "docs" / "python.ipynb"
CELLS: list[dict[str, Any]] = json.loads(FILE.read_text())["cells"]


def code() -> list[str]:
    return ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]


def test_cells_run_one_after_another() -> None:
    names: dict[str, Any] = {"__name__": "notebook"}
    for number, text in enumerate(code()):
        exec(compile(text, f"{FILE.name}, code cell {number}", "exec"), names)
    bars = names["Bars"]({"one": 1, "four": 4})._repr_svg_()
    widths = [e.get("width") for e in ElementTree.fromstring(bars).iter() if e.get("fill")]
    assert widths == ["100", "400"]


def test_it_has_no_outputs() -> None:
    for cell in CELLS:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_each_function_is_used() -> None:
    page = (FILE.parent / "python.md").read_text()
    functions = re.findall(r"^\| `(\w+)\(", page, re.M)
    assert len(functions) >= 7
    for name in functions:
        assert any(f"streamhw.{name}(" in text for text in code()), name


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", FILE.read_text())
    assert links and all((FILE.parent / link).exists() for link in links)
