# SPDX-License-Identifier: Apache-2.0
"""Draws some streams of a wave file as an SVG: handshakes, and a lane of each as a curve.

Usage: python scripts/draw_waves.py FILE.fst OUT.svg --stream layer.norm_1.i [--stream ...]
       [--from CYCLE] [--cycles N]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pywellen
from numpy.typing import NDArray

INK, PAPER, FILL, LINE = "#1f2933", "#ffffff", "#e8f0fa", "#5b7fa6"
NAMES, STEP = 200, 4
"""Width of the names, and of a cycle."""
BIT, CURVE, GAP = 14, 40, 6
"""Heights of a bit, of a curve, and of what is between two rows."""
LABEL = 20
"""Cycles from one number on the time line to the next."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("to", type=Path)
    parser.add_argument("--stream", action="append", required=True, help="group.kernel.port")
    parser.add_argument("--from", dest="begin", type=int, help="default: the file's first cycle")
    parser.add_argument("--cycles", type=int, default=120)
    chosen = parser.parse_args()
    chosen.to.write_text(drawn(chosen.file, chosen.stream, chosen.begin, chosen.cycles))
    return 0


def drawn(file: Path, streams: Sequence[str], begin: int | None, cycles: int) -> str:
    """The text of the SVG."""
    signals = {v.full_name: v.signal for v in pywellen.Waveform(str(file)).all_vars()}
    if begin is None:
        begin = min(time for time, _ in signals[f"{streams[0]}.valid"])
    when = np.arange(begin, begin + cycles)
    body, y = list(_time_line(when)), 30
    for stream in streams:
        found = [_values(signals[f"{stream}.{n}"], when) for n in ("valid", "ready", "lane0")]
        body += _stream(stream, y, *found)
        y += 2 * (BIT + GAP) + CURVE + 2 * GAP
    return _svg(NAMES + cycles * STEP + 10, y + GAP, body)


def _values(signal: pywellen.Signal, when: NDArray[np.int64]) -> NDArray[np.float64]:
    """A signal in these cycles; NaN before it has a value."""
    changes = list(signal)
    times = np.array([time for time, _ in changes])
    values = np.array([np.nan, *(np.nan if v == "x" else float(v) for _, v in changes)])
    return values[np.searchsorted(times, when, side="right")]


def _time_line(when: NDArray[np.int64]) -> Iterator[str]:
    yield f'<text x="{NAMES - 10}" y="18" text-anchor="end">cycle</text>'
    for place, cycle in enumerate(when):
        if cycle % LABEL == 0 and place + LABEL < len(when):
            yield f'<text x="{NAMES + place * STEP}" y="18">{cycle:,}</text>'


def _stream(
    name: str,
    y: int,
    valid: NDArray[np.float64],
    ready: NDArray[np.float64],
    lane: NDArray[np.float64],
) -> Iterator[str]:
    """Three rows, on the cycles in which a beat passes; the lane where a beat is offered."""
    height = 2 * (BIT + GAP) + CURVE
    for place in np.flatnonzero((valid == 1) & (ready == 1)):
        x = NAMES + place * STEP
        yield f'<rect x="{x}" y="{y}" width="{STEP}" height="{height}" fill="{FILL}"/>'
    for text, bits in (("valid", valid), ("ready", ready)):
        yield _name(f"{name}.{text}", y + BIT - 3)
        yield _steps(y + BIT - 12 * bits)
        y += BIT + GAP
    offered = lane[valid == 1]
    low, high = offered.min(initial=np.inf), offered.max(initial=-np.inf)
    yield _name(f"{name}.lane0", y + 15)
    yield _name(f"{low:.3g} to {high:.3g}", y + 31)
    shown = np.where(valid == 1, lane, np.nan)
    yield _steps(y + CURVE - (CURVE - 4) * (shown - low) / max(high - low, 1e-30))


def _steps(heights: NDArray[np.float64]) -> str:
    """A line that keeps each height until the next one; none where there is none."""
    path, before = [], np.nan
    for place, height in enumerate([*heights, np.nan]):
        if height == before:
            continue
        x = NAMES + place * STEP
        if before == before:
            path.append(f"H{x}")
        if height == height:
            path.append(f"V{height:.1f}" if before == before else f"M{x} {height:.1f}")
        before = height
    return f'<path d="{"".join(path)}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'


def _name(text: str, y: int) -> str:
    return f'<text x="{NAMES - 10}" y="{y}" text-anchor="end">{escape(text)}</text>'


def _svg(width: int, height: int, body: Sequence[str]) -> str:
    lines = "\n".join(body)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13" fill="{INK}">
<rect width="{width}" height="{height}" fill="{PAPER}"/>
{lines}
</svg>
"""


if __name__ == "__main__":
    sys.exit(main())
