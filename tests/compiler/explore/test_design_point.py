# SPDX-License-Identifier: Apache-2.0
"""A choice has a key of its own, and a file that gives it back."""

from pathlib import Path

import pytest

from streamhw.compiler.config import BuildConfig
from streamhw.compiler.explore.design_point import read_choice, write_choice
from streamhw.errors import UserError
from tests.compiler.explore.choices import choice_of


def test_keys_are_equal_for_equal_choices_only() -> None:
    assert choice_of(4).key == choice_of(4).key != choice_of(8).key


def test_a_build_is_told_the_choice() -> None:
    config = choice_of(4).config(BuildConfig(multipliers=16))
    assert config.sharing == (("qkv", "hidden"),)
    assert config.tiling == choice_of(4).tiling and config.multipliers == 16


def test_files_give_the_choice_back(tmp_path: Path) -> None:
    file = tmp_path / "best.json"
    write_choice(choice_of(8), file, model="tiny")
    assert read_choice(file) == choice_of(8)


@pytest.mark.parametrize("text", ["{}", "[", '{"choice": {"sharing": 3}}', None])
def test_other_files_are_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "x.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=r"^Design file .* must be one that explore wrote, but"):
        read_choice(file)
