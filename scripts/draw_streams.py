# SPDX-License-Identifier: Apache-2.0
"""Draws figures of a tiny build's streams: two types, a converter, a FIFO, formats of numbers.

Usage: python scripts/draw_streams.py [--check]

The build is that of the explanations in docs/reports.md: two layers of 32 features on ``sim``.
"""

import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.svg import FILL, LINE, Plot, main, mixed, svg, text
from streamhw.boards.base import load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from streamhw.numerics.fixed import Fixed
from streamhw.quantization.config import QuantConfig
from streamhw.report.tight_constraints import flows
from streamhw.stream.converter.spec import ConverterSpec
from streamhw.stream.itensor.itensor import ITensor
from tests.tiny import write_tiny

__all__ = ["figures", "live_elements"]

CONVERTER = "residual_1_i_b_convert"
FIFO = "residual_1_i_a"
VALUES = (
    "x", "norm_1", "q", "k", "v", "attention.scores", "attention.probabilities", "attention",
    "attention_out", "norm_2", "hidden", "activation", "mlp_out", "logits",
)  # fmt: skip
"""Of one layer and the head, in the order of the dataflow."""
TILE, BIT = 30, 12


def figures() -> dict[str, str]:
    """All figures: file name and text."""
    return {
        "types.svg": types(converter(design())),
        "converter.svg": live(converter(design())),
        "fifo.svg": fifo(design()),
        "formats.svg": formats(design()),
    }


@cache
def design() -> PlacedNetlist:
    """The tiny build, placed."""
    with tempfile.TemporaryDirectory() as folder:
        model = load(str(write_tiny(Path(folder) / "tiny", vocabulary=60)))
        config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32)
        made = compile_model(model, load_board("sim"), config)
    assert isinstance(made, PlacedNetlist)
    return made


def converter(made: PlacedNetlist) -> ConverterSpec:
    """Between the product behind attention and the sum that takes it."""
    (part,) = (i.part for i in made.instances if i.name == CONVERTER)
    assert isinstance(part, ConverterSpec)
    return part


def types(spec: ConverterSpec) -> str:
    """Each beat of both types at its place in the tensor, with its number."""
    rows, columns = (
        extent // tile
        for extent, tile in zip(spec.source.tensor_shape(), spec.source.tile, strict=True)
    )
    body = []
    for panel, (title, kind) in enumerate((("sent", spec.source), ("wanted", spec.target))):
        left = 20 + panel * (columns * TILE + 40)
        body += [text(left, 24, title), text(left, 42, str(kind), size=11)]
        for beat, (row, column) in enumerate(kind.order() // np.array(kind.tile)):
            x, y = left + column * TILE, 52 + row * TILE
            body.append(
                f'<rect x="{x}" y="{y}" width="{TILE}" height="{TILE}" stroke="{LINE}" '
                f'fill="{mixed(0.7 * beat / (rows * columns))}"/>'
            )
            body.append(text(x + TILE // 2, y + 19, f"{beat}", anchor="middle", size=11))
    words = "a square is a beat of 1 x 4 elements: tokens down, features across; its number is when"
    body.append(text(20, 52 + rows * TILE + 22, words, size=11))
    return svg(60 + 2 * columns * TILE + 20, 52 + rows * TILE + 36, body)


def live_elements(source: ITensor, target: ITensor) -> NDArray[np.int64]:
    """Elements that are live at each beat of ``target``, if ``source`` sends as late as it may.

    Of types without re-reads, with symbols at their bounds.
    """
    written, read = _elements(source), _elements(target)
    moment = {element: beat for beat, row in enumerate(written.tolist()) for element in row}
    needs = np.maximum.accumulate([max(moment[e] for e in row) for row in read.tolist()])
    gone = np.arange(len(read)) * read.shape[1]
    return (needs + 1) * written.shape[1] - gone


def _elements(kind: ITensor) -> NDArray[np.int64]:
    """Numbers of the elements of each beat."""
    inside = np.indices(kind.tile).reshape(len(kind.tile), -1).T
    places = kind.order()[:, None, :] + inside[None]
    return np.ravel_multi_index(tuple(np.moveaxis(places, 2, 0)), kind.tensor_shape())


def live(spec: ConverterSpec) -> str:
    """Live elements of a conversion, beside what the kinds of converters hold."""
    counts = live_elements(spec.source, spec.target)
    width = spec.source.fmt.width
    two, least = spec.ping_pong_bits // width, spec.bound_bits // width
    plot = Plot(x=50, y=34, width=560, height=220, right=len(counts), top=1.1 * two)
    points = [(beat + edge, n) for beat, n in enumerate(counts.tolist()) for edge in (0, 1)]
    return svg(
        630,
        300,
        [
            plot.area([(0, 0), *points, (len(counts), 0)]),
            plot.line(points),
            plot.level(two, f"two blocks, ping-pong: {two}"),
            plot.level(spec.bits // width, f"in place, as built: {spec.bits // width}"),
            plot.level(least, f"peak live elements: {least}"),
            plot.frame("beats taken", "live elements", (0, len(counts) // 2, len(counts)), (0,)),
        ],
    )


def fifo(made: PlacedNetlist) -> str:
    """Beats written into a FIFO and read from it; between both lines they wait."""
    (flow,) = (flow for flow in flows(made.depths.certificates) if flow.stream == FIFO)
    end, beats = flow.read[1] * 1.04, flow.beats
    plot = Plot(x=50, y=34, width=560, height=220, right=end, top=1.2 * beats)
    written = [(0, 0), (flow.written[0], 0), (flow.written[1], beats), (end, beats)]
    read = [(0, 0), (flow.read[0], 0), (flow.read[1], beats), (end, beats)]
    middle = plot.at((flow.written[1] + flow.read[0]) / 2, beats / 2)
    marks = [round(cycle) for cycle in (*flow.written[1:], *flow.read)]
    words = f"at most {flow.peak} wait: depth {flow.depth}"
    return svg(
        630,
        300,
        [
            plot.area([*written, *reversed(read)]),
            plot.line(written),
            plot.line(read),
            text(*middle, words, anchor="middle"),
            text(*plot.at(flow.written[1] + 40, 1.07 * beats), "written", size=11),
            text(*plot.at(flow.read[0] - 30, 0.07 * beats), "read", anchor="end", size=11),
            plot.frame(f"cycles of a layer: {FIFO}", "beats", marks, (0, beats)),
        ],
    )


def formats(made: PlacedNetlist) -> str:
    """Bits of each value, aligned at the binary point."""
    known = {channel.value: channel.consumed.fmt for channel in made.channels if channel.value}
    highest = max(fmt.width - fmt.frac for fmt in map(known.__getitem__, VALUES))
    point = 190 + highest * BIT
    body = [text(10, 20, "value"), text(point, 20, "binary point", anchor="middle")]
    for row, name in enumerate(VALUES):
        body += _bits(name, known[name], point, 32 + row * 22)
    bottom = 32 + len(VALUES) * 22
    body.append(f'<path d="M{point} 26 V{bottom}" stroke="{LINE}" stroke-width="2"/>')
    words = "light: codes of 8 bits with a scale of each channel, where the point says nothing"
    body.append(text(10, bottom + 18, words, size=11))
    return svg(point + 19 * BIT + 70, bottom + 30, body)


def _bits(name: str, fmt: Fixed, point: int, y: int) -> Iterator[str]:
    left = point - (fmt.width - fmt.frac) * BIT
    fill = FILL if fmt.frac == 0 else mixed(0.5)
    yield text(10, y + 13, name)
    yield (
        f'<rect x="{left}" y="{y}" width="{fmt.width * BIT}" height="16" fill="{fill}" '
        f'stroke="{LINE}"/>'
    )
    yield text(left + fmt.width * BIT + 6, y + 13, str(fmt), size=11)


if __name__ == "__main__":
    sys.exit(main(figures, __doc__.split("\n", maxsplit=1)[0]))
