# SPDX-License-Identifier: Apache-2.0
"""Where a model was loaded from, so that it can be loaded again."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ModelSource"]


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """What ``load`` was given.

    model: a name, or an absolute path; weights, calibration: absolute paths
    context: positions; layers: the first ones; None: as `load` chooses
    """

    model: str
    weights: str | None = None
    context: int | None = None
    layers: int | None = None
    calibration: str | None = None

    @classmethod
    def of(
        cls,
        name_or_path: str | Path,
        weights: str | Path | None,
        context: int | None,
        layers: int | None,
        calibration: str | Path | None,
    ) -> "ModelSource":
        """The same from any working directory."""
        return cls(
            model=_from_anywhere(name_or_path),
            weights=None if weights is None else _from_anywhere(weights),
            context=context,
            layers=layers,
            calibration=None if calibration is None else _from_anywhere(calibration),
        )


def _from_anywhere(name_or_path: str | Path) -> str:
    """A path that exists wins over a name, as in ``load``."""
    path = Path(name_or_path)
    return str(path.absolute()) if str(name_or_path) and path.exists() else str(name_or_path)
