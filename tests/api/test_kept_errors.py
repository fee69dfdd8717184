# SPDX-License-Identifier: Apache-2.0
"""``errors.json``: what is written is read again, and nothing else."""

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from streamhw.api.build import build
from streamhw.api.kept_errors import errors_text, read_errors
from streamhw.compiler.backend.build_dir import ERRORS_FILE
from streamhw.errors import UserError
from streamhw.reference.rounding_error import RoundingError
from tests.tiny import write_tiny


def test_a_build_of_a_checkpoint_keeps_its_errors(tmp_path: Path) -> None:
    built = build(write_tiny(tmp_path / "tiny"), folder=tmp_path / "out")
    errors = read_errors(built.folder, built.manifest)
    assert {error.layer for error in errors} == {None, 0, 1}
    assert max(error.whole for error in errors) > 0
    odd = (*errors, RoundingError(value="<b>", layer=3, own=inf, whole=inf))
    (built.folder / ERRORS_FILE).write_text(errors_text(odd))
    with pytest.raises(UserError, match=r"errors\.json as it was written"):
        read_errors(built.folder, built.manifest)
    files = tuple(file for file in built.manifest.files if file.name != ERRORS_FILE)
    assert read_errors(built.folder, replace(built.manifest, files=files)) == ()
