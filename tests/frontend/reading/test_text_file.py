# SPDX-License-Identifier: Apache-2.0
"""Texts of the user's are read whole, or refused in a sentence."""

from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.frontend.reading.text_file import read_text


def test_text(tmp_path: Path) -> None:
    (file := tmp_path / "text.txt").write_text("déjà vu\n", encoding="utf-8")
    assert read_text(file) == "déjà vu\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, r"the file must be readable UTF-8 text \(.*No such file.*\)"),
        (b"\xff\xfe\xff", r"the file must be readable UTF-8 text \(.*invalid start byte.*\)"),
        (b" \n", "the file must hold text, and is empty"),
    ],
)
def test_what_is_no_text(content: bytes | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=f"^{file}: {says}$"):
        read_text(file)
