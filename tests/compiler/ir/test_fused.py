# SPDX-License-Identifier: Apache-2.0
"""The groups of a design on one chip: every task is in one."""

from streamhw.compiler.ir.fused import Fused, Group
from streamhw.compiler.ir.levels import PlacedNetlist


def test_one_group_of_everything(design: PlacedNetlist) -> None:
    assert isinstance(design.fused, Fused) and design.fused.cuts == ()
    (group,) = design.fused.groups
    assert group == Group(group.tasks) and "norm_1" in group.tasks
    assert len(set(group.tasks)) == len(group.tasks)
    assert 0 < design.fused.bits <= design.fused.limit and design.fused.bytes == 0
