# SPDX-License-Identifier: Apache-2.0
"""What a run measured comes back from its file, or is refused."""

from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.report.measured import MEASURED_FILE, Measured


def test_measures_come_back(measured: Measured, tmp_path: Path) -> None:
    assert Measured.load(tmp_path) is None
    measured.save(tmp_path)
    assert Measured.load(tmp_path) == measured
    assert [p.name for p in tmp_path.iterdir()] == ["measured.json"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / MEASURED_FILE).write_text("[]")
    with pytest.raises(UserError, match=r"^File .* must be what `run --check` wrote, but: "):
        Measured.load(tmp_path)
