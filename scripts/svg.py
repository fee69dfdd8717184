# SPDX-License-Identifier: Apache-2.0
"""What figures of the documentation are drawn with: shapes, a plot, and the files in docs/figures.

Positions are in pixels from the upper left corner, rounded to a tenth: figures are equal on every
machine.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

__all__ = ["FILL", "INK", "LINE", "PAPER", "Plot", "arrow", "box", "main", "mixed", "svg", "text"]

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
INK, PAPER, FILL, LINE = "#1f2933", "#ffffff", "#e8f0fa", "#5b7fa6"


def svg(width: int, height: int, body: Sequence[str]) -> str:
    """A whole figure; its ground is white, so that it reads on dark pages."""
    lines = "\n".join(body)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13" fill="{INK}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>
<rect width="{width}" height="{height}" fill="{PAPER}"/>
{lines}
</svg>
"""


def box(x: int, y: int, width: int, name: str, *, filled: bool) -> str:
    """A box with a name in its middle."""
    fill = FILL if filled else PAPER
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="24" rx="4" fill="{fill}" '
        f'stroke="{LINE}"/>'
        f'<text x="{x + width // 2}" y="{y + 17}" text-anchor="middle" font-weight="bold">'
        f"{escape(name)}</text>"
    )


def text(x: float, y: float, words: str, *, anchor: str = "", size: int = 13) -> str:
    """Words whose line begins at x, or ends or has its middle there."""
    more = (f' text-anchor="{anchor}"' if anchor else "") + (f' font-size="{size}"' * (size != 13))
    return f'<text x="{_near(x)}" y="{_near(y)}"{more}>{escape(words)}</text>'


def arrow(x: int, begin: int, end: int) -> str:
    """An arrow downwards."""
    return f'<path d="M{x} {begin} V{end - 2}" stroke="{LINE}" marker-end="url(#tip)"/>'


def mixed(share: float) -> str:
    """A color between that of filled boxes (0) and that of lines (1)."""
    ends = [[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in (FILL, LINE)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(*ends, strict=True))


def _near(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A frame with axes from 0 to ``right`` and to ``top``, in units of what is drawn.

    x, y, width, height: of the frame, in pixels
    """

    x: int
    y: int
    width: int
    height: int
    right: float
    top: float

    def at(self, across: float, up: float) -> tuple[float, float]:
        """Pixels of a point."""
        return (
            self.x + self.width * across / self.right,
            self.y + self.height * (1 - up / self.top),
        )

    def frame(
        self, across: str, up: str, x_marks: Sequence[float], y_marks: Sequence[float]
    ) -> str:
        """The frame with the marks of its axes, and what they are."""
        bottom = self.y + self.height
        parts = [
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" '
            f'fill="none" stroke="{LINE}"/>',
            text(self.x + self.width / 2, bottom + 36, across, anchor="middle"),
            text(self.x, self.y - 8, up),
        ]
        parts += [
            text(self.at(mark, 0)[0], bottom + 17, f"{mark:,}", anchor="middle", size=11)
            for mark in x_marks
        ]
        parts += [
            text(self.x - 6, self.at(0, mark)[1] + 4, f"{mark:,}", anchor="end", size=11)
            for mark in y_marks
        ]
        return "\n".join(parts)

    def line(self, points: Sequence[tuple[float, float]], *, dashed: bool = False) -> str:
        """A line through points."""
        way = " ".join(",".join(map(_near, self.at(*point))) for point in points)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        return f'<polyline points="{way}" fill="none" stroke="{LINE}" stroke-width="2"{dash}/>'

    def level(self, up: float, words: str) -> str:
        """A dashed line at one height, with words above its right end."""
        x, y = self.at(self.right, up)
        line = self.line([(0, up), (self.right, up)], dashed=True)
        return line + text(x - 6, y - 5, words, anchor="end", size=11)

    def area(self, points: Sequence[tuple[float, float]]) -> str:
        """A filled area within points."""
        way = " ".join(",".join(map(_near, self.at(*point))) for point in points)
        return f'<polygon points="{way}" fill="{FILL}"/>'


def main(figures: Callable[[], Mapping[str, str]], what: str) -> int:
    """Writes figures to docs/figures, or with --check says by the exit code whether all are
    current."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--check", action="store_true", help="only say whether all are current")
    check = parser.parse_args().check
    current = True
    for name, drawn in figures().items():
        file = FIGURES / name
        if not file.exists() or file.read_text() != drawn:
            current = False
            if not check:
                FIGURES.mkdir(exist_ok=True)
                file.write_text(drawn)
                print(f"wrote {file.relative_to(ROOT)}")
    return 0 if current or not check else 1
