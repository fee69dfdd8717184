# SPDX-License-Identifier: Apache-2.0
"""The options that say which part of a model was asked for, as they were typed."""

from pathlib import Path

__all__ = ["model_options"]


def model_options(
    weights: Path | None, context: int | None, layers: int | None, calibration: Path | None
) -> list[str]:
    """For a command that is named in a message."""
    given = (
        ("--weights", weights),
        ("--context", context),
        ("--layers", layers),
        ("--calibration", calibration),
    )
    return [part for name, value in given if value is not None for part in (name, str(value))]
