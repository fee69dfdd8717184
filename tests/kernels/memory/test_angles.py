# SPDX-License-Identifier: Apache-2.0
"""Bench of the angles of a step: its command, and its rows as a memory would send them."""

import re

import numpy as np
import pytest
from amaranth.lib import wiring

from streamhw.graph import Angles
from streamhw.kernels.memory.angles import AnglesSpec
from streamhw.numerics.rotary_tables import angle_words
from streamhw.testing import Case, check_kernel
from tests.kernels.based import Based

BASE = 0x12_3400_0000


class BasedAngles(AnglesSpec):
    """The kernel with a base; its golden counts from there."""

    def compute(self, inputs, symbol_values):  # type: ignore[no-untyped-def]
        results = super().compute(inputs, symbol_values)
        return results | {"o_command": results["o_command"] + BASE}

    def create(self) -> wiring.Component:  # type: ignore[override]
        return Based(super().create(), BASE)


def case(spec: AnglesSpec, n: int, position: int, layer: int) -> Case:
    fields = {"tail": 0, "head": 1, "tokens": n, "position": position, "layer": layer}
    base = 1e4 if spec.layered and layer % 2 else 1e2
    words = angle_words(
        np.arange(position, position + n),
        Angles(features=2 * spec.pairs, bases=(base,)).frequencies(None),
    )
    size = spec.width // 8
    content = spec.pack(words).tobytes()
    beats = [
        int.from_bytes(content[at : at + size], "little") for at in range(0, len(content), size)
    ]
    inputs = {
        "i_step": np.array([spec.step.const(fields).as_value().value]),
        "i_data": np.array(beats, dtype=object),
    }
    result = spec.compute(inputs, {"tokens": n})
    assert (result["o"] == words).all()
    return Case(inputs=inputs, symbol_values={"tokens": n})


@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize("pairs, lanes, width", [(8, 4, 128), (4, 2, 256), (6, 2, 64), (1, 1, 32)])
def test_hardware_equals_golden(pairs: int, lanes: int, width: int, layered: bool) -> None:
    shape = {"pairs": pairs, "lanes": lanes, "width": width, "offset": width * 3}
    spec = BasedAngles(tokens=4, context=20, layers=5, layered=layered, **shape)
    steps = ((4, 0, 0), (1, 19, 4), (3, 7, 2), (2, 11, 3), (2, 13, 1))
    # steps run ahead of the data by as much as the queue of commands: no interval to measure
    check_kernel(spec, [case(spec, *step) for step in steps], timing=False)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lanes": 3}, "lanes must divide 8 elements, not 3"),
        ({"width": 96}, "width must be a multiple of 64 bits and 8, not 96"),
        ({"offset": 4}, "offset must be a multiple of 8 bytes, not 4"),
    ],
)
def test_rejects_bad_parameters(change: dict[str, int], text: str) -> None:
    good = {"tokens": 1, "context": 4, "layers": 2, "pairs": 8, "lanes": 2, "width": 64}
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        AnglesSpec(**{**good, **change})
