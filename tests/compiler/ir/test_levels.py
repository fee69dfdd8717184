# SPDX-License-Identifier: Apache-2.0
"""A level has what the one before has and what its stage decided, and no field is ever missing."""

from dataclasses import MISSING, FrozenInstanceError, fields
from itertools import pairwise

import pytest

from streamhw.compiler.ir.levels import (
    Assigned,
    Dataflow,
    Grouped,
    Mapped,
    Netlist,
    PartitionedNetlist,
    PlacedNetlist,
    Quantized,
    SizedNetlist,
)

LEVELS = (
    Quantized,
    Assigned,
    Mapped,
    Dataflow,
    Grouped,
    Netlist,
    PartitionedNetlist,
    SizedNetlist,
    PlacedNetlist,
)


def test_each_level_adds_fields_that_all_must_be_given() -> None:
    for before, after in pairwise(LEVELS):
        assert issubclass(after, before)
        assert {f.name for f in fields(before)} < {f.name for f in fields(after)}
    for field in fields(PlacedNetlist):
        assert field.default is MISSING and field.default_factory is MISSING, field.name


def test_a_level_is_seen_as_an_earlier_one_and_made_again(design: PlacedNetlist) -> None:
    netlist = design.to(Netlist)
    assert type(netlist) is Netlist and netlist != design
    assert netlist.instances is design.instances and not hasattr(netlist, "depths")
    decided = {name: getattr(design, name) for name in ("slices", "queues", "depths", "placement")}
    assert netlist.to(PlacedNetlist, **decided) == design
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'placement'"):
        design.to(SizedNetlist).to(PlacedNetlist)
    with pytest.raises(FrozenInstanceError):
        netlist.memory = None
