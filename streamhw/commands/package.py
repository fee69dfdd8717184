# SPDX-License-Identifier: Apache-2.0
"""``streamhw build --package``: a build as a folder that the tools of a vendor take."""

from pathlib import Path

from ..boards.base import Board
from ..vitis.flow import make_vitis
from ..vitis.kernel import check_card
from ..vivado.flow import check_vivado, make_vivado
from .records.builds import sizes_of
from .records.designs import PackageRecord
from .show import Console, show_file

__all__ = ["check_package", "package"]


def check_package(flow: str, board: Board) -> None:
    """Raises ``UserError`` if a board has no package of that kind: before any work is done."""
    if flow == "vivado":
        check_vivado(board)
    else:
        check_card(board)


def package(flow: str, folder: Path, console: Console) -> tuple[Path, ...]:
    """Writes the package of a build, and prints its files.

    flow: also the name of its folder in the build

    Raises as ``make_vitis`` and ``make_vivado`` do.
    """
    files = make_vivado(folder) if flow == "vivado" else make_vitis(folder)
    place = folder / flow
    begins = "sh build_board.sh" if flow == "vivado" else "make"
    console.print(f"Package for {flow}; `{begins}` in {place} goes on:", soft_wrap=True)
    for file in files:
        show_file(file, console)
    names = tuple(str(file.relative_to(place)) for file in files)
    console.tell(PackageRecord(flow=flow, folder=str(place), files=sizes_of(place, names)))
    return files
