# SPDX-License-Identifier: Apache-2.0
"""The spec of the matmul engine."""

from tests.kernels.matmul.engines import SPECS


def test_counts_its_multipliers() -> None:
    multipliers = SPECS["contexts"].resources().multipliers
    assert sorted(multipliers) == sorted([(4, 8)] * 16 + [(14, 8)] * 4 + [(17, 16), (16, 16)] * 2)
