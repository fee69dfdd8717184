# SPDX-License-Identifier: Apache-2.0
"""scripts/site_pages.py: all commands and public names have their place; docstrings are lists."""

import argparse
import json
import re
from pathlib import Path
from runpy import run_path

import pytest

import streamhw
import streamhw.testing
from streamhw.__main__ import parser

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "site_pages.py"))


def test_each_command_has_its_help() -> None:
    known = parser()
    page = SCRIPT["commands_page"](known)
    (action,) = (a for a in known._actions if isinstance(a, argparse._SubParsersAction))
    assert re.findall(r"^## (.*)$", page, re.M) == list(action.choices)
    assert page.count("```text\n") == 1 + len(action.choices)
    for command in action.choices.values():
        for option in command._actions:
            assert all(name in page for name in option.option_strings)


def test_help_has_one_width_in_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = set()
    for columns in ("40", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        pages.add(SCRIPT["commands_page"](parser()))
    assert len(pages) == 1


@pytest.mark.parametrize("module", [streamhw, streamhw.testing], ids=lambda m: m.__name__)
def test_each_public_name_has_a_reference(module: object) -> None:
    page = SCRIPT["names_page"]("Names", module)
    told = re.findall(rf"^::: {module.__name__}\.(\w+)$", page, re.M)
    assert sorted(told) == sorted(n for n in module.__all__ if not n.startswith("_"))
    assert page.index("## Functions") < page.index("## Classes")


def test_docstrings_become_lists() -> None:
    text = (
        "Says: what it does.\n\nleft, right: operands of 8 bits,\n    signed\nfast: or not\n\n"
        "Returns  the sum\nRaises   ``ValueError`` if they\n         differ\n\nplain: a\nword"
    )
    assert SCRIPT["from_docstring"](text) == (
        "Says: what it does.\n\n- `left`, `right`: operands of 8 bits,\n    signed\n- `fast`: or "
        "not\n\n- **Returns** the sum\n- **Raises** ``ValueError`` if they\n    differ\n\n"
        "plain: a\nword"
    )


@pytest.mark.parametrize(
    ("html", "loaded"),
    [
        ('<script src="https://a.b/c.js">', ["https://a.b/c.js"]),
        ("<img alt='' src=//a.b/c.png>", ["//a.b/c.png"]),
        ('<link rel="stylesheet" href="http://a.b/c.css">', ["http://a.b/c.css"]),
        ('<link href="https://fonts.b/" rel="preconnect">', ["https://fonts.b/"]),
        ('<script src="assets/a.js"><a href="https://a.b">x</a><link rel="next" href="x">', []),
    ],
)
def test_what_pages_load_is_seen(html: str, loaded: list[str]) -> None:
    assert SCRIPT["foreign"](html) == loaded


def test_a_notebook_is_its_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": ["x = 1"], "outputs": ["shown nowhere"]},
    ]
    page = SCRIPT["notebook_page"](json.dumps({"cells": cells}))
    assert page == "# Title\nwords\n\n```python\nx = 1\n```\n"
