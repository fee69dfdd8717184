# SPDX-License-Identifier: Apache-2.0
"""Instances find their ports, and streams are named by where they end."""

import pickle

import pytest

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.stream.spec import Role


def test_names_of_parts_and_ports(design: PlacedNetlist) -> None:
    with pytest.raises(KeyError, match="Design has no instance 'nobody'"):
        design.instance("nobody")
    with pytest.raises(KeyError, match=r"Instance norm_1 has ports \['i', .*\], not 'x'"):
        design.instance("norm_1").port("x")
    assert [c.name for c in design.into("embedding")] == ["embedding_i_a", "embedding_i_b"]
    assert [str(c.sink) for c in design.out_of("norm_1")] == ["matmul_w4.i_x_qkv"]


def test_ports_by_role(design: PlacedNetlist) -> None:
    (dma,) = (
        i for i in design.instances if i.serves == "parameter_reader" and i.has(Role.MEM_COMMAND)
    )
    assert str(dma.end(Role.MEM_COMMAND)) == f"{dma.name}.i_command"
    assert not dma.has(Role.LOOP_ENTRY)


def test_elements_are_plain_data(design: PlacedNetlist) -> None:
    for element in (*design.instances, *design.channels):
        read = pickle.loads(pickle.dumps(element))
        assert read == element and hash(read) == hash(element)
