# SPDX-License-Identifier: Apache-2.0
"""Trial sizes are those of the sizing stage on one die, and are computed once for equal kernels."""

import pickle

from streamhw.compiler.ir.levels import PlacedNetlist
from streamhw.compiler.provisional import provisional
from tests.compiler.conftest import Compiled


def test_depths_are_those_that_streams_get(compiled: Compiled, design: PlacedNetlist) -> None:
    trial = provisional(compiled(stop="fuse"))
    depth = {channel.name: channel.depth for channel in design.channels}
    assert {channel.name: channel.depth for channel in trial.channels} == depth


def test_equal_kernels_are_sized_once(compiled: Compiled) -> None:
    grouped = compiled(stop="fuse")
    same = pickle.loads(pickle.dumps(grouped))
    assert same is not grouped and provisional(same) is provisional(grouped)
