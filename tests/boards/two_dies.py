# SPDX-License-Identifier: Apache-2.0
"""The simulator's memory behind two small dies, neither of which holds gpt2-shakespeare alone."""

from dataclasses import replace

from streamhw.boards.base import Budget, Die
from streamhw.boards.sim import BOARD as SIM

DIE = Budget(luts=36_000, ffs=60_000, dsps=400, block_ram=100, ultra_ram=20)

BOARD = replace(
    SIM,
    name="two_dies",
    title="two small dies",
    budget=Budget(luts=72_000, ffs=120_000, dsps=800, block_ram=200, ultra_ram=40),
    dies=(Die(name="low", budget=DIE, memory=True), Die(name="high", budget=DIE)),
)
