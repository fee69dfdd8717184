# SPDX-License-Identifier: Apache-2.0
"""Draws docs/figures: the flow from the compiler's list of stages, the layers from the imports.

Usage: python scripts/draw_architecture.py [--check]
"""

import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.svg import LINE, arrow, box, main, svg, text

ROOT = Path(__file__).parents[1]
ROW = 34


def figures() -> dict[str, str]:
    """All figures: file name and text."""
    return {"flow.svg": flow(), "layers.svg": layers()}


def flow() -> str:
    """From a checkpoint through all stages to text."""
    from streamhw.compiler.pipeline import STAGES

    rows = [
        ("front end", "checkpoint or named shape to layer graph"),
        *((stage.name, stage.says) for stage in STAGES),
        ("emit", "Verilog (top.v), manifest.json, memory.bin, reports"),
        ("simulate", "Verilator, models of memory, host driver; every stream compared"),
        ("text", "layers, KV cache, head, arg-max and token loop run on chip"),
    ]
    inner = {stage.name for stage in STAGES}
    body = []
    for n, (name, says) in enumerate(rows):
        y = 10 + n * ROW
        body.append(box(10, y, 130, name, filled=name in inner))
        body.append(text(156, y + 17, says))
        if n:
            body.append(arrow(75, y - 10, y))
    return svg(640, 20 + len(rows) * ROW, body)


def layers() -> str:
    """Folders as layers, as the import linter has them; arcs are imports that no other implies."""
    stack = [name for name in _stack() if (ROOT / "streamhw" / name / "__init__.py").exists()]
    row = {name: n for n, name in enumerate(stack)}
    body = []
    for name, n in row.items():
        y = 10 + n * ROW
        body.append(box(250, y, 130, name, filled=True))
        body.append(text(396, y + 17, _says(ROOT / "streamhw" / name)))
    for above, below in _reduced(_imports(stack), stack):
        begin, end = (10 + row[name] * ROW + 12 for name in (above, below))
        if row[below] == row[above] + 1:
            body.append(arrow(315, begin + 12, end - 12))
            continue
        bulge = 250 - 15 * (row[below] - row[above])
        body.append(
            f'<path d="M250 {begin} C{bulge} {begin} {bulge} {end} 248 {end}" fill="none" '
            f'stroke="{LINE}" marker-end="url(#tip)"/>'
        )
    return svg(1040, 20 + len(stack) * ROW, body)


def _stack() -> Sequence[str]:
    """Layers from the highest to the lowest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return next(c["layers"] for c in settings["contracts"] if c["type"] == "layers")


def _says(folder: Path) -> str:
    """What the folder says of itself."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    return text.split("\n", maxsplit=1)[0]


def _imports(stack: Sequence[str]) -> set[tuple[str, str]]:
    """Pairs of folders of which the first imports the second."""
    return {
        (name, other)
        for name in stack
        for file in (ROOT / "streamhw" / name).rglob("*.py")
        for path in _named(file, name)
        for other in [path.split(".", maxsplit=1)[0]]
        if other in stack and other != name
    }


def _named(file: Path, folder: str) -> Iterator[str]:
    """Modules of other folders that a file imports from."""
    inside = file.relative_to(ROOT / "streamhw" / folder)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == len(inside.parts) + 1:
            yield from ([node.module] if node.module else [alias.name for alias in node.names])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streamhw."):
            yield (node.module or "").removeprefix("streamhw.")


def _reduced(arrows: set[tuple[str, str]], stack: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The arrows that no chain of others implies, in a fixed order."""
    reach: dict[str, set[str]] = {}
    for name in reversed(stack):
        direct = {below for above, below in arrows if above == name}
        far = {end for below in direct for end in reach.get(below, ())}
        reach[name] = direct | far
        yield from ((name, below) for below in stack if below in direct - far)


if __name__ == "__main__":
    sys.exit(main(figures, __doc__.split("\n", maxsplit=1)[0]))
