# SPDX-License-Identifier: Apache-2.0
"""What commands leave in a build folder: it comes back as it was, or is refused by name."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from streamhw.errors import UserError
from streamhw.report.kept_file import kept_text, load_kept


@dataclass(frozen=True)
class Found:
    name: str
    cycles: tuple[int, ...]


def load(file: Path) -> Found | None:
    return load_kept(Found, file, wrote="look", again="look again")


def test_it_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    assert load(file) is None
    file.write_text(kept_text(Found("a", (1, 2))))
    assert load(file) == Found("a", (1, 2))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 3, "cycles": []}'])
def test_damage_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "found.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"found.json must be what `look` wrote, but: ") as error:
        load(file)
    assert error.value.hint == "delete it, or look again"
