# SPDX-License-Identifier: Apache-2.0
"""Energy is its formula, and each constant has a source."""

from dataclasses import fields

import pytest

from streamhw.compiler.resources.fpga_cells import Cells
from streamhw.report.energy import MODELS, Energy, UnitActivity, energy_of
from tests.report.benches import U55C


def test_energy_is_its_formula() -> None:
    model = MODELS[U55C.part]
    activity = UnitActivity(memory_bytes=1e6, products=2e6, products_a_dsp=2, cycles=1e5)
    energy = energy_of(model, activity, Cells(luts=1000, ffs=2000, block_ram=10, ultra_ram=4), 250)
    assert energy == Energy(
        memory=pytest.approx(8e6 * 7e-12),
        multipliers=pytest.approx(1e6 * 4e-12),
        rams=pytest.approx((10 * 7 + 4 * 14) * 0.5 * 1e5 * 1e-12),
        logic=pytest.approx((1000 * 0.0125 + 2000 * 0.01) * 1e5 * 1e-12),
        static=pytest.approx(15 * 1e5 / 250e6),
    )
    assert energy.total == pytest.approx(sum(getattr(energy, f.name) for f in fields(energy)))
    assert all(c.source and c.unit for c in vars(model).values())
