# SPDX-License-Identifier: Apache-2.0
"""A norm from another package: its kernel alone."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from streamhw.numerics.fixed import Fixed
from streamhw.stream.itensor.itensor import Symbol
from streamhw.testing.kernel_bench import Case, check_kernel
from tests.packages import install_example


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    folder.mkdir()
    install_example(monkeypatch, folder, "tanh_norm")


def test_hardware_equals_golden() -> None:
    spec = importlib.import_module("tanh_norm_kernel").TanhNormSpec(
        features=8,
        lanes=2,
        tokens=Symbol("tokens", 3),
        source=Fixed(24, 16),
        code=Fixed(12, 8),
        out=Fixed(8),
        alpha=0.5,
        gamma_frac=8,
    )
    rng = np.random.default_rng(1)
    cases = [
        Case(
            inputs={
                "i": rng.integers(-(1 << 20), 1 << 20, (3, 8)),
                "i_gamma": rng.integers(-(1 << 15), 1 << 15, (1, 8)),
            },
            symbol_values={"tokens": n},
        )
        for n in (1, 3, 3, 3)
    ]
    check_kernel(spec, cases)
