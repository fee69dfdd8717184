# SPDX-License-Identifier: Apache-2.0
"""Draws docs/figures: the flow from the compiler's list of stages, the layers from the imports.

Usage: python scripts/draw_architecture.py [--check]
"""

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
INK, PAPER, FILL, LINE = "#1f2933", "#ffffff", "#e8f0fa", "#5b7fa6"
ROW = 34


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="only say whether both are current")
    check = parser.parse_args().check
    current = True
    for name, text in figures().items():
        file = FIGURES / name
        if not file.exists() or file.read_text() != text:
            current = False
            if not check:
                FIGURES.mkdir(exist_ok=True)
                file.write_text(text)
                print(f"wrote {file.relative_to(ROOT)}")
    return 0 if current or not check else 1


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
        body.append(_box(10, y, 130, name, filled=name in inner))
        body.append(_text(156, y + 17, says))
        if n:
            body.append(_arrow(75, y - 10, y))
    return _svg(640, 20 + len(rows) * ROW, body)


def layers() -> str:
    """Folders as layers, as the import linter has them; arcs are imports that no other implies."""
    stack = [name for name in _stack() if (ROOT / "streamhw" / name / "__init__.py").exists()]
    row = {name: n for n, name in enumerate(stack)}
    body = []
    for name, n in row.items():
        y = 10 + n * ROW
        body.append(_box(250, y, 130, name, filled=True))
        body.append(_text(396, y + 17, _says(ROOT / "streamhw" / name)))
    for above, below in _reduced(_imports(stack), stack):
        begin, end = (10 + row[name] * ROW + 12 for name in (above, below))
        if row[below] == row[above] + 1:
            body.append(_arrow(315, begin + 12, end - 12))
            continue
        bulge = 250 - 15 * (row[below] - row[above])
        body.append(
            f'<path d="M250 {begin} C{bulge} {begin} {bulge} {end} 248 {end}" fill="none" '
            f'stroke="{LINE}" marker-end="url(#tip)"/>'
        )
    return _svg(1040, 20 + len(stack) * ROW, body)


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


def _box(x: int, y: int, width: int, name: str, *, filled: bool) -> str:
    fill = FILL if filled else PAPER
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="24" rx="4" fill="{fill}" '
        f'stroke="{LINE}"/>'
        f'<text x="{x + width // 2}" y="{y + 17}" text-anchor="middle" font-weight="bold">'
        f"{escape(name)}</text>"
    )


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}">{escape(text)}</text>'


def _arrow(x: int, begin: int, end: int) -> str:
    return f'<path d="M{x} {begin} V{end - 2}" stroke="{LINE}" marker-end="url(#tip)"/>'


def _svg(width: int, height: int, body: Sequence[str]) -> str:
    lines = "\n".join(body)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13" fill="{INK}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>
<rect width="{width}" height="{height}" fill="{PAPER}"/>
{lines}
</svg>
"""


if __name__ == "__main__":
    sys.exit(main())
