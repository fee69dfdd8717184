# SPDX-License-Identifier: Apache-2.0
"""What quantization adds to each value in each layer: a map of all, bars of one."""

from collections.abc import Iterator, Sequence
from math import inf, log10

from ...reference.rounding_error import RoundingError
from .markup import Content, Html, section, table, tag

__all__ = ["error_bars", "layer_errors", "shown_error"]

WIDTH, LABEL, ROW = 1160.0, 230.0, 20.0
FAINT, STRONG = 1e-3, 0.2
"""Errors with the lightest and with the darkest cells."""
WRITTEN = 15
"""Layers up to which cells have their numbers in them."""


def layer_errors(errors: Sequence[RoundingError], model: str) -> Html:
    """The section. Values outside of layers have a table."""
    layers = sorted({e.layer for e in errors if e.layer is not None})
    end = {layer: [e for e in errors if e.layer == layer][-1] for layer in layers}
    most = {
        layer: max((e for e in errors if e.layer == layer), key=lambda e: e.own) for layer in layers
    }
    rows: list[list[Content]] = [
        [layer, shown_error(end[layer].whole), most[layer].value, shown_error(most[layer].own),
         "weights" if most[layer].weights else "values"]
        for layer in layers
    ]  # fmt: skip
    outside: list[list[Content]] = [
        [error.value, shown_error(error.own), shown_error(error.whole)]
        for error in errors
        if error.layer is None
    ]
    return section(
        "errors",
        "Quantization error",
        f"Relative errors against the float values of {model} on a few tokens of its calibration "
        "text: the root of the mean square of the difference by that of the float value. The map "
        "has what each value adds itself, its inputs being exact.",
        tag("div", _map(errors, layers), cls="figure"),
        table(("layer#", "error at its end#", "adds most", "adds#", "by rounding its"), rows),
        table(("outside of layers", "adds#", "error with all before#"), outside),
    )


def error_bars(errors: Sequence[RoundingError]) -> Iterator[Html]:
    """What the values of one part add, layer by layer."""
    several = len({error.value for error in errors}) > 1
    finite = [error.own for error in errors if error.own < inf]
    most = max((*finite, 1e-9))
    for error in errors:
        where = "outside" if error.layer is None else f"layer {error.layer}"
        where = f"{error.value}, {where}" if several else where
        share = min(1.0, error.own / most)
        yield tag(
            "p",
            tag("span", where, cls="where"),
            tag("span", tag("i", "", style=f"width:{100 * share:.0f}%"), cls="meter"),
            f" {shown_error(error.own)}, {shown_error(error.whole)} with all before",
            cls="error",
        )


def shown_error(error: float) -> str:
    """An error in per cent."""
    return f"{error:.2%}" if error < inf else "not zero as it should be"


def _map(errors: Sequence[RoundingError], layers: Sequence[int]) -> Html:
    inside = [error for error in errors if error.layer is not None]
    values = list(dict.fromkeys(error.value for error in inside))
    wide = (WIDTH - LABEL) / max(1, len(layers))
    cells = [
        tag("text", value, x=LABEL - 8, y=34 + ROW * row, cls="end")
        for row, value in enumerate(values)
    ]
    every = max(1, len(layers) // 16)
    cells += [
        tag("text", f"layer {layer}" if wide > 60 else str(layer),
            x=LABEL + wide * (place + 0.5), y=14, cls="soft mid")
        for place, layer in enumerate(layers)
        if place % every == 0
    ]  # fmt: skip
    for error in inside:
        place, row = layers.index(error.layer or 0), values.index(error.value)
        x, y = LABEL + wide * place, 20 + ROW * row
        says = f"{error.value}, layer {error.layer}\nadds {shown_error(error.own)}"
        rect = tag("rect", x=x + 1, y=y + 1, width=wide - 2, height=ROW - 2, rx=2,
                   style=f"fill-opacity:{_weight(error.own):.2f}")  # fmt: skip
        text = tag("text", shown_error(error.own), x=x + wide / 2, y=y + 14, cls="mid")
        cells.append(
            tag("g", rect, text if len(layers) <= WRITTEN else None, cls="error-cell",
                data_tip=f"{says}\nwith all before {shown_error(error.whole)}")
        )  # fmt: skip
    height = 24 + ROW * len(values)
    return tag("svg", *cells, viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img",
               aria_label="what each value adds to the error in each layer")  # fmt: skip


def _weight(error: float) -> float:
    """Opacity of a cell, by the logarithm."""
    if error <= FAINT:
        return 0.0
    return 0.05 + 0.4 * min(1.0, log10(error / FAINT) / log10(STRONG / FAINT))
