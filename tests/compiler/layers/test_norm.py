# SPDX-License-Identifier: Apache-2.0
"""Norms: their parameters in memory, and formats that their readers want."""

from streamhw.compiler.layers.norm import LAYER_NORM, RMS_NORM
from streamhw.quantization.plan import NormPlan
from tests.compiler.layers.placed import Placed, check_segments


def test_affine_parameters_fill_their_beats(families: tuple[Placed, ...]) -> None:
    assert check_segments(families[0], LAYER_NORM) == 3
    assert check_segments(families[1], RMS_NORM) >= 3


def test_only_layer_norms_are_centered(families: tuple[Placed, ...]) -> None:
    for placed, layer, centered in (
        (families[0], LAYER_NORM, True),
        (families[1], RMS_NORM, False),
    ):
        for node, _ in placed.nodes(layer):
            plan = placed.context.quantization.of(node.name, NormPlan)
            assert plan.centered is centered
            assert plan.out.width <= 16
