# SPDX-License-Identifier: Apache-2.0
"""The contract of a kernel: ports, and what a spec says without being asked."""

import pytest
from amaranth.lib.wiring import In, Out

from streamhw.kernels.elementwise.add import AddSpec
from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import row_major
from streamhw.stream.spec import Direction, Memory, Port, raw

SPEC = AddSpec(type=row_major(Fixed(8), (2, 4), 2), a=Fixed(8), b=Fixed(6), out=Fixed(8))


def test_ports_by_direction_and_name() -> None:
    assert [port.name for port in SPEC.input_ports] == ["i_a", "i_b"]
    assert [port.name for port in SPEC.output_ports] == ["o"]
    assert SPEC.port("i_b").type.fmt == Fixed(6)
    with pytest.raises(KeyError, match=r"AddSpec has ports .*, not 'x'"):
        SPEC.port("x")


def test_members_flow_as_the_ports_do() -> None:
    flows = {name: member.flow for name, member in SPEC.members().items()}
    assert flows == {"i_a": In, "i_b": In, "o": Out}
    assert set(SPEC.create().signature.members) == set(flows)


def test_port_names_say_the_direction() -> None:
    assert Port("o_x", raw(8)).direction is Direction.OUTPUT
    with pytest.raises(ValueError, match="Port name must be i, o, i_role or o_role, not 'x'"):
        Port("x", raw(8))


def test_a_small_kernel_has_no_pieces() -> None:
    assert SPEC.pieces() == ()
    assert SPEC.core() == SPEC.resources()
    assert SPEC.label == "Add"
    with pytest.raises(ValueError, match="AddSpec must have pieces to be spread over dies"):
        SPEC.spread({}, 1)


def test_words_and_memories_count_their_bits() -> None:
    assert raw(37).beat_bits == 37
    assert raw(37).beats() == 1
    assert Memory(width=9, depth=512).bits == 4608


def test_only_a_kernel_with_a_region_is_located() -> None:
    with pytest.raises(ValueError, match="AddSpec must have a region of memory to be located"):
        SPEC.located(64)
