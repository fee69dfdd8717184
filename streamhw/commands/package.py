# SPDX-License-Identifier: Apache-2.0
"""``streamhw build --package``: a build as a folder that the tools of a vendor take."""

from pathlib import Path

from ..boards.base import Board
from ..vitis.flow import FOLDER as VITIS_FOLDER
from ..vitis.flow import make_vitis
from ..vitis.kernel import check_card
from .records.builds import sizes_of
from .records.designs import PackageRecord
from .show import Console, show_file

__all__ = ["check_package", "package"]


def check_package(flow: str, board: Board) -> None:
    """Raises ``UserError`` if a board has no package of that kind: before any work is done."""
    check_card(board)


def package(flow: str, folder: Path, console: Console) -> tuple[Path, ...]:
    """Writes the package of a build, and prints its files.

    Raises as ``make_vitis`` does.
    """
    files = make_vitis(folder)
    place = folder / VITIS_FOLDER
    console.print(f"Package for {flow}; `make` in {place} says how it goes on:", soft_wrap=True)
    for file in files:
        show_file(file, console)
    names = tuple(str(file.relative_to(place)) for file in files)
    console.tell(PackageRecord(flow=flow, folder=str(place), files=sizes_of(place, names)))
    return files
