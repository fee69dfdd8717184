# SPDX-License-Identifier: Apache-2.0
"""The last row and the next token: no parameters, an index wide enough for all classes."""

from streamhw.compiler.layers.result import ARG_MAX, LAST_TOKEN
from streamhw.compiler.memory.rules import MemoryRule
from streamhw.quantization.plan import ArgMaxPlan, PassPlan
from tests.compiler.layers.placed import Placed


def test_the_index_has_room_for_every_class(families: tuple[Placed, ...]) -> None:
    for placed in families:
        ((node, _),) = placed.nodes(ARG_MAX)
        plan = placed.context.quantization.of(node.name, ArgMaxPlan)
        assert not plan.out.signed
        assert node.op.classes <= 1 << plan.out.width < 4 * node.op.classes
        assert plan.source.width == 32


def test_the_last_row_passes_as_it_is(families: tuple[Placed, ...]) -> None:
    for placed in families:
        ((node, _),) = placed.nodes(LAST_TOKEN)
        plan = placed.context.quantization.of(node.name, PassPlan)
        assert plan.source == plan.out


def test_nothing_is_in_memory() -> None:
    assert ARG_MAX.memory == LAST_TOKEN.memory == MemoryRule()
