# SPDX-License-Identifier: Apache-2.0
"""The roofline on the page: a table for each point, contexts, energy with its constants."""

from streamhw.report.bench import Context
from streamhw.report.energy import MODELS
from streamhw.report.html.bench import bench as section_of
from streamhw.report.idle_cycles import LayerCycles
from tests.report.benches import POINT, U55C, bench
from tests.report.html.elements import read


def test_points_contexts_and_energy() -> None:
    layer = LayerCycles(interval=40.0, engine=30.0, memory=20.0)
    made = bench().merged([POINT], [Context(length=999, cycles=2e5, layer=layer)])
    words = " ".join(read(section_of(made)).text)
    assert "this design, token" in words  # of the plot
    assert "32 tokens after 32" in words and "StreamTensor" in words and "this design" in words
    assert "One token at a context, predicted" in words and "999" in words and "0.800" in words
    energy = made.energy(POINT)
    assert energy is not None and f"{1e3 * energy.total / 32:.2f}" in words
    model = MODELS[U55C.part]
    assert all(constant.source in words for constant in vars(model).values())


def test_a_part_without_a_model_has_no_energy() -> None:
    words = " ".join(read(section_of(bench(part="none").merged([POINT], ()))).text)
    assert "this design" in words and "Energy" not in words
