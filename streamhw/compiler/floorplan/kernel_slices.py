# SPDX-License-Identifier: Apache-2.0
"""Parts as dies hold them: a kernel that is too large for one may be in pieces on several."""

from collections.abc import Iterator

from ...stream.spec import KernelSpec, Piece, Resources
from ..ir.levels import Netlist
from ..ir.netlist import Instance

__all__ = ["pieces_of", "split_parts"]


def pieces_of(design: Netlist, instance: Instance) -> Iterator[tuple[str, Piece]]:
    """The pieces of an instance by the names that they have in a design with several dies."""
    if len(design.board.stack) > 1 and isinstance(instance.part, KernelSpec):
        for piece in instance.part.pieces():
            yield f"{instance.name}.{piece.name}", piece


def split_parts(design: Netlist) -> dict[str, Resources]:
    """Cells of every instance and of its pieces, by name."""
    found: dict[str, Resources] = {}
    for instance in design.instances:
        pieces = dict(pieces_of(design, instance))
        part = instance.part
        if pieces and isinstance(part, KernelSpec):
            found[instance.name] = part.core()
        else:
            found[instance.name] = part.resources()
        found |= {name: piece.resources for name, piece in pieces.items()}
    return found
