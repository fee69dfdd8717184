# SPDX-License-Identifier: Apache-2.0
"""Pages of the documentation site that are made from code: commands, public names, the notebook.

Usage: imported by scripts/site_hooks.py while ``mkdocs build --strict`` runs; nothing is written.
"""

import argparse
import functools
import json
import re
from types import ModuleType
from typing import Any

__all__ = ["commands_page", "foreign", "from_docstring", "names_page", "notebook_page"]

HELP_WIDTH = 88
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?(?P<source>(?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*?\brel=[\"']?(?:stylesheet|preload|preconnect|icon))"
    r"[^>]*?\bhref=[\"']?(?P<sheet>(?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
_BEGIN = re.compile(r"(?P<names>[a-z_]\w*(?:, [a-z_]\w*)*): |(?P<section>[A-Z]\w+) {2,}")


def commands_page(parser: argparse.ArgumentParser) -> str:
    """Markdown of all commands: what ``--help`` prints, in lines of `HELP_WIDTH` characters."""
    lines = ["# Commands", "", "What `python -m streamhw --help` and `COMMAND --help` print."]
    lines += ["", *_help(parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                lines += ["", f"## {name}", "", *_help(command)]
    return "\n".join(lines) + "\n"


def _help(parser: argparse.ArgumentParser) -> list[str]:
    kind: Any = parser.formatter_class  # as far as types say, it has no width
    try:
        parser.formatter_class = functools.partial(kind, width=HELP_WIDTH)
        return ["```text", *parser.format_help().rstrip().splitlines(), "```"]
    finally:
        parser.formatter_class = kind


def names_page(title: str, module: ModuleType) -> str:
    """Markdown with a reference of each public name of a module that has a docstring of its own.

    The lines that begin with ``:::`` are what mkdocstrings replaces.
    """
    names = [name for name in module.__all__ if not name.startswith("_")]
    functions = [name for name in names if not isinstance(getattr(module, name), type | tuple)]
    classes = [name for name in names if isinstance(getattr(module, name), type)]
    values = [name for name in names if isinstance(getattr(module, name), tuple)]
    lines = [f"# {title}", "", from_docstring(module.__doc__ or "")]
    for heading, found in (("Functions", functions), ("Classes", classes), ("Values", values)):
        if found:
            lines += ["", f"## {heading}"]
        for name in found:
            lines += ["", f"::: {module.__name__}.{name}"]
    return "\n".join(lines) + "\n"


def from_docstring(text: str) -> str:
    """A docstring as Markdown: behind its summary, lines such as ``name: meaning`` and ``Raises
    what`` become lists."""
    summary, *others = text.strip().split("\n\n")
    return "\n\n".join([summary, *map(_paragraph, others)])


def _paragraph(part: str) -> str:
    lines = part.split("\n")
    if not _BEGIN.match(lines[0]):
        return part
    if not all(_BEGIN.match(line) or line.startswith(" ") for line in lines):
        return part
    return "\n".join(_item(line) for line in lines)


def _item(line: str) -> str:
    """An item of a list, or the continuation of one."""
    if (found := _BEGIN.match(line)) is None:
        return f"    {line.strip()}"
    rest = line[found.end() :]
    if found["section"] is not None:
        return f"- **{found['section']}** {rest}"
    names = ", ".join(f"`{name}`" for name in found["names"].split(", "))
    return f"- {names}: {rest}"


def notebook_page(notebook: str) -> str:
    """Markdown of the cells of a notebook, given as JSON; no outputs."""
    parts = []
    for cell in json.loads(notebook)["cells"]:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
    return "\n\n".join(parts) + "\n"


def foreign(html: str) -> list[str]:
    """Addresses of other hosts from which a page would load anything: there must be none."""
    return [found["source"] or found["sheet"] for found in _LOADED.finditer(html)]
