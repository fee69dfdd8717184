# SPDX-License-Identifier: Apache-2.0
"""The space of designs: its partitions, points and order."""

from dataclasses import replace

import numpy as np
import pytest

from streamhw.boards.base import load_board
from streamhw.compiler.explore.design_point import Choice
from streamhw.compiler.explore.space import Space, space_of
from streamhw.compiler.mapping.engine_sharing import formats_of
from streamhw.compiler.pipeline import compile_model
from streamhw.frontend import load
from tests.compiler.explore.spaces import random_choice


@pytest.mark.parametrize("name", ["sim", "ulx3s", "u55c"])
def test_the_default_is_a_point_of_the_space(name: str) -> None:
    """Token lanes, heads and positions side by side among its dimensions."""
    design = compile_model(load("gpt2-shakespeare"), load_board(name), stop="tile")
    formats = formats_of(design.graph, design.quantization)
    space = space_of(design.graph, design.board, formats)
    default = Choice(
        sharing=tuple(binding.nodes for binding in design.assignments), tiling=design.tiling
    )
    picked = space.encode(default)
    assert {"token_lanes of qkv", "loop_order of qkv", "attention_heads"} <= set(picked)


def test_every_partition_once(space: Space) -> None:
    """Five products of one weight format: the fifth Bell number; with two formats, the fourth."""
    found = list(space.partitions())
    assert len(found) == len({frozenset(map(frozenset, groups)) for groups in found}) == 52
    assert len(found[0]) == 1 and len(found[-1]) == 5
    formats = {**space.formats, "logits": (8, None)}
    mixed = list(replace(space, formats=formats).partitions())
    assert len(mixed) == 15
    assert all(("logits",) in groups for groups in mixed)


def test_choices_are_points_that_come_back(space: Space) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        choice = random_choice(space, rng)
        picked = space.encode(choice)
        again = space.decode(lambda name, options, p=picked: options[p[name][0]])
        assert again == choice
        assert sorted(n for engine in choice.sharing for n in engine) == sorted(space.formats)
    with pytest.raises(ValueError, match=r"."):
        space.encode(replace(choice, tiling=replace(choice.tiling, token_batch=3)))


def test_odometer_visits_every_choice_once(small: Space) -> None:
    size = small.size(10_000)
    keys = [choice.key for choice in small.choices(10_000)]
    assert len(keys) == len(set(keys)) == size >= 20
    assert len(list(small.choices(7))) == 7
