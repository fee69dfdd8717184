# SPDX-License-Identifier: Apache-2.0
"""Commands in messages repeat what was typed about the model."""

from pathlib import Path

from streamhw.commands.model_options import model_options


def test_only_what_was_typed() -> None:
    assert model_options(None, None, None, None) == []
    assert model_options(Path("a b"), 16, 2, Path("text")) == [
        *("--weights", "a b"),
        *("--context", "16"),
        *("--layers", "2"),
        *("--calibration", "text"),
    ]
