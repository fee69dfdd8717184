# SPDX-License-Identifier: Apache-2.0
"""The types of a kernel's streams from its loop nest, tile sizes and accesses, not by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from ...numerics.fixed import Fixed
from .algebra import covers_once, vectorize, widen
from .itensor import ITensor
from .loop_nest import Loop, Symbol

__all__ = ["KernelLoop", "KernelNest", "Operand", "index"]

Access = Mapping[str, int]
"""Where an operand's data dimension is at an iteration: the sum of ``factor * index`` of loops."""


def index(**factors: int) -> Access:
    """A data dimension's place: ``index(m=1)`` is loop m's index, ``index()`` always 0."""
    return factors


@dataclass(frozen=True)
class KernelLoop:
    """A loop over ``extent`` indices, of which an iteration does ``tile`` at once, in space.

    The last iteration of a symbol's loop may do fewer: the rest of its tile is zeros.

    Raises ``ValueError`` if the tile does not divide the extent, or the bound of a symbol.
    """

    name: str
    extent: int | Symbol
    tile: int = 1

    def __post_init__(self) -> None:
        if self.tile < 1 or _extent(self.extent) % self.tile:
            raise ValueError(
                f"Loop {self.name} must have a tile that divides {self.extent}, not {self.tile}"
            )

    @property
    def trip(self) -> int | Symbol:
        """Iterations."""
        if isinstance(self.extent, int):
            return self.extent // self.tile
        return replace(self.extent, bound=self.extent.bound // self.tile, per=self.tile)


@dataclass(frozen=True, kw_only=True)
class Operand:
    """A tensor that a kernel reads or writes.

    access: for each data dimension, the loops that move along it, with factors
    vector: elements of a beat along each dimension; not given, a beat is all that an iteration
        touches; else that is cut to vectors, or as many of it as a vector needs are one beat
    holds: an input's beat stays while the innermost loops that it does not depend on pass
    """

    fmt: Fixed
    access: tuple[Access, ...]
    vector: tuple[int, ...] | None = None
    holds: bool = False


@dataclass(frozen=True)
class KernelNest:
    """The loops of a kernel, outermost first: their sequence is the permutation.

    ``input`` and ``output`` give the stream types of operands. An input passes once in each
    iteration: a loop that it does not depend on reads it again. An output passes when it is
    complete: the loops that it does not depend on are its reductions, which it does not see; its
    sums for the loops inside the outermost reduction are held meanwhile (``held``).

    accumulators: sums that the kernel can hold; ``None``: any number

    Raises ``ValueError`` if two loops have one name.
    """

    loops: tuple[KernelLoop, ...]
    accumulators: int | None = None

    def __post_init__(self) -> None:
        names = [loop.name for loop in self.loops]
        if len(set(names)) != len(names):
            raise ValueError(f"Kernel loops must have different names, not {', '.join(names)}")

    def permuted(self, names: Sequence[str]) -> "KernelNest":
        """The nest with its loops in this sequence; raises ``ValueError`` if one is not named."""
        loops = {loop.name: loop for loop in self.loops}
        if sorted(names) != sorted(loops):
            raise ValueError(f"Permutation must name {', '.join(loops)}, not {', '.join(names)}")
        return KernelNest(tuple(loops[name] for name in names), self.accumulators)

    def input(self, operand: Operand) -> ITensor:
        """The type of an operand that the kernel reads.

        Raises ``ValueError`` if a loop moves along two dimensions, is not of the nest, or a vector
        does not fit what an iteration touches.
        """
        loops = self._moves(operand)
        while operand.holds and loops and loops[-1].dim is None:
            loops.pop()
        return self._sent(operand, loops)

    def output(self, operand: Operand) -> ITensor:
        """The type of an operand that the kernel writes.

        Raises ``ValueError`` as ``input`` does, or if it needs more sums than there are
        accumulators, or is not written once in each element.
        """
        if operand.holds:
            raise ValueError("Output must not be held: it passes once, when it is complete")
        held = self.held(operand)
        if self.accumulators is not None and held > self.accumulators:
            raise ValueError(
                f"Reductions must leave at most {self.accumulators} sums unfinished, not {held}: "
                f"put {self._reductions(operand)[0].name} further inside"
            )
        sent = self._sent(operand, [x for x in self._moves(operand) if x.dim is not None])
        if not covers_once(sent):
            raise ValueError(f"Output must have each element once, not the order {sent}")
        return sent

    def held(self, operand: Operand) -> int:
        """Sums of an output that are unfinished at once, with symbols at their bounds: what the
        loops inside its outermost reduction that has more than one iteration touch."""
        reductions = [loop for loop in self._reductions(operand) if loop.trip != 1]
        inside = self.loops[self.loops.index(reductions[0]) :] if reductions else ()
        used = [self._loop(name) for access in operand.access for name in access]
        return prod(_bound(loop) if loop in inside else loop.tile for loop in used)

    def _reductions(self, operand: Operand) -> list[KernelLoop]:
        used = {name for access in operand.access for name in access}
        return [loop for loop in self.loops if loop.name not in used]

    def _loop(self, name: str) -> KernelLoop:
        for loop in self.loops:
            if loop.name == name:
                return loop
        raise ValueError(f"Access must be by loops {self._names()}, not {name}")

    def _names(self) -> str:
        return ", ".join(loop.name for loop in self.loops)

    def _moves(self, operand: Operand) -> list[Loop]:
        """What each loop of the nest does to an operand's offset."""
        places: dict[str, tuple[int, int]] = {}
        for dim, access in enumerate(operand.access):
            for name, factor in access.items():
                if factor < 1:
                    raise ValueError(f"Access factor of {name} must be positive, not {factor}")
                if name in places:
                    raise ValueError(
                        f"Loop {name} must move along one dimension of an operand, "
                        f"not {places[name][0]} and {dim}"
                    )
                places[self._loop(name).name] = (dim, factor)
        moves = []
        for loop in self.loops:
            if loop.name in places:
                dim, factor = places[loop.name]
                moves.append(Loop(loop.trip, factor * loop.tile, dim))
            else:
                moves.append(Loop(loop.trip))
        return moves

    def _touched(self, access: Access) -> int:
        """Elements along a dimension that one iteration touches: neighbors, or it is refused."""
        size = 1
        for name, factor in sorted(access.items(), key=lambda item: item[1]):
            tile = self._loop(name).tile
            if tile > 1 and factor > size:
                raise ValueError(
                    f"Tile of loop {name} must touch neighbors, not every {factor}th element"
                )
            size += factor * (tile - 1)
        return size

    def _sent(self, operand: Operand, loops: Sequence[Loop]) -> ITensor:
        """Beats of what an iteration touches, in the size that the operand asks for."""
        touched = tuple(self._touched(access) for access in operand.access)
        whole = ITensor(operand.fmt, touched, tuple(loops))
        vector = operand.vector
        if vector is None or vector == touched:
            return whole
        smaller = all(v <= t for v, t in zip(vector, touched, strict=True))
        return vectorize(whole, vector) if smaller else widen(whole, vector)


def _bound(loop: KernelLoop) -> int:
    return _extent(loop.extent)


def _extent(extent: int | Symbol) -> int:
    """The largest number of indices."""
    return extent.bound if isinstance(extent, Symbol) else extent
