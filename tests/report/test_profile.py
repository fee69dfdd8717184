# SPDX-License-Identifier: Apache-2.0
"""A profile comes back from its file, or is refused."""

from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.report.profile import PROFILE_FILE, StepProfile
from tests.report.profiles import profile


def test_a_profile_comes_back(tmp_path: Path) -> None:
    assert StepProfile.load(tmp_path) is None
    made = profile()
    assert made.save(tmp_path) == tmp_path / PROFILE_FILE
    assert StepProfile.load(tmp_path) == made
    before = (tmp_path / PROFILE_FILE).read_bytes()
    made.save(tmp_path)
    assert (tmp_path / PROFILE_FILE).read_bytes() == before


@pytest.mark.parametrize("text", ["[]", "{", '{"model": "tiny"}'])
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / PROFILE_FILE).write_text(text)
    with pytest.raises(UserError, match=r"^File .* must be what `profile` wrote, but: "):
        StepProfile.load(tmp_path)
