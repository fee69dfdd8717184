# SPDX-License-Identifier: Apache-2.0
"""Errors of quantization: a map of values and layers, a row for each layer, bars of one value."""

from math import inf

import pytest

from streamhw.reference.rounding_error import RoundingError
from streamhw.report.html.layer_errors import error_bars, layer_errors, shown_error
from tests.report.html.elements import read


def errors(layers: int) -> list[RoundingError]:
    found = [RoundingError(value="embedding", layer=None, own=0.001, whole=0.001)]
    for layer in range(layers):
        for place, value in enumerate(("norm", "product")):
            own = 0.01 * (layer + 1) * (place + 1)
            found.append(
                RoundingError(
                    value=value, layer=layer, own=own, whole=2 * own, weights=value == "product"
                )
            )
    return found


def test_what_adds_most_in_each_layer() -> None:
    found = read(layer_errors(errors(2), "tiny"))
    words = " ".join(found.text)
    assert "product 2.00% weights" in words and "product 4.00% weights" in words
    assert "0 4.00%" in words and "1 8.00%" in words  # at the ends of layers
    assert "embedding 0.10% 0.10%" in words
    cells = [a for _, a in found.seen if a.get("class") == "error-cell"]
    assert len(cells) == 4


@pytest.mark.parametrize(("layers", "written"), [(15, True), (16, False)])
def test_numbers_stand_in_cells_that_have_room(layers: int, written: bool) -> None:
    drawing = layer_errors(errors(layers), "tiny").split("</svg>")[0]
    assert (">1.00%<" in drawing) == written


def test_darker_cells_are_worse() -> None:
    found = read(layer_errors(errors(4), "tiny"))
    weights = [float(str(a["style"]).split(":")[1]) for n, a in found.seen if n == "rect"]
    assert weights[::2] == sorted(weights[::2]) and weights[0] < weights[-1] <= 0.45


def test_bars_of_one_value() -> None:
    rows = [e for e in errors(2) if e.value == "norm"]
    rows.append(RoundingError(value="norm", layer=None, own=inf, whole=inf))
    found = read("".join(error_bars(rows)))
    widths = [a["style"] for name, a in found.seen if name == "i"]
    assert widths == ["width:50%", "width:100%", "width:100%"]
    assert not any("norm" in text for text in found.text)
    both = " ".join(read("".join(error_bars(errors(1)))).text)
    assert "norm, layer 0" in both and "embedding, outside" in both
    assert shown_error(inf) == "not zero as it should be" and "outside" in found.text
