# SPDX-License-Identifier: Apache-2.0
"""What a board is: its part, clock, memory ports, budget, and how to find one by name or path."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from types import ModuleType

from ..errors import UserError
from ..extensions import extensions, find
from ..near_names import did_you_mean
from ..number_checks import check_kind, check_kinds, check_number, check_text, check_whole
from .memory.ideal import IDEAL
from .memory.port import MemoryPort
from .memory.system import MemorySystem
from .memory.times import MemoryTimes
from .parts import BoardParts
from .target import DesignTarget
from .vitis_card import VitisCard
from .vivado_parts import VivadoParts

__all__ = ["BOARDS", "GROUP", "Board", "Budget", "Die", "Family", "MemoryPort", "load_board"]

BOARDS = ("sim", "arty_a7_100t", "u50", "u55c", "ulx3s")
"""Boards that ship with streamhw; a file path or an entry point adds others."""

GROUP = "streamhw.board"
"""The entry points that offer boards."""


LEAST_BITS = 32
"""Of a beat of external memory: the bias of a row, or any other word of the parameters."""


class Family(Enum):
    """FPGA families whose cells the estimates and Yosys know; the value names Yosys' script."""

    ECP5 = "synth_ecp5"
    SERIES_7 = "synth_xilinx -family xc7"
    ULTRASCALE_PLUS = "synth_xilinx -family xcup"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Cells that a design may use; block RAMs are counted in the family's own unit.

    block_ram: RAMB36 (7 series, UltraScale+) or DP16KD (ECP5); ultra_ram: URAM288
    """

    luts: int
    ffs: int
    dsps: int
    block_ram: int
    ultra_ram: int = 0

    def __post_init__(self) -> None:
        for cell in fields(Budget):
            check_whole(f"Budget {cell.name}", getattr(self, cell.name), least=0)


@dataclass(frozen=True, kw_only=True)
class Die:
    """One die of a device; dies that follow one another in ``Board.dies`` touch.

    memory: whether external memory is at this die
    """

    name: str
    budget: Budget
    memory: bool = False

    def __post_init__(self) -> None:
        check_text("Name of a die", self.name)
        check_kind(f"Budget of die {self.name}", self.budget, Budget)
        check_kind(f"Memory of die {self.name}", self.memory, bool)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board or card as the compiler sees it.

    clock_mhz: the clock that cycle counts become seconds with: an assumption until the
        design is placed and routed
    memory_bytes: external memory
    striped: whether all ports together are one memory: a beat has a part from each, in their order
    target: the sizes of designs that suit the board, unless a build asks for others
    paired: whether two products of a shared operand fit one multiplier of the device
    dies: from the bottom of the stack to its top, with the budget between them; none for a device
        of one die
    die_wires: wires between two dies that touch, if they are limited
    memory: the system behind the ports, unless a run asks for another
    parts: what stands around a design, for a bitstream; None if nothing is known of it
    card: what Vitis must be told of it, for a kernel; None if it is no card of Vitis
    vivado: what stands around a design for Vivado; None if nothing is known of it
    """

    name: str
    title: str
    part: str
    family: Family
    clock_mhz: float
    ports: tuple[MemoryPort, ...]
    memory_bytes: int
    budget: Budget
    target: DesignTarget
    paired: bool = False
    striped: bool = False
    dies: tuple[Die, ...] = ()
    die_wires: int | None = None
    memory: MemorySystem = IDEAL
    parts: BoardParts | None = None
    card: VitisCard | None = None
    vivado: VivadoParts | None = None

    def __post_init__(self) -> None:
        check_text("Name of a board", self.name)
        says = f"Board {self.name}:"
        check_text(f"{says} title", self.title)
        check_text(f"{says} part", self.part)
        check_number(f"{says} clock_mhz", self.clock_mhz)
        check_whole(f"{says} memory_bytes", self.memory_bytes, least=1)
        for name, kind in (
            ("family", Family), ("budget", Budget), ("target", DesignTarget), ("paired", bool),
            ("striped", bool),
        ):  # fmt: skip
            check_kind(f"{says} {name}", getattr(self, name), kind)
        check_kinds(f"{says} ports", self.ports, MemoryPort)
        check_kinds(f"{says} dies", self.dies, Die)
        if self.die_wires is not None:
            check_whole(f"{says} die_wires", self.die_wires, least=0)
        if self.parts is not None:
            check_kind(f"{says} parts", self.parts, BoardParts)
        if self.card is not None:
            check_kind(f"{says} card", self.card, VitisCard)
            if len(self.card.banks) != len(self.ports):
                raise ValueError(
                    f"Board {self.name} must have a bank for each of its {len(self.ports)} memory "
                    f"ports, not {len(self.card.banks)}"
                )
        if self.vivado is not None:
            check_kind(f"{says} vivado", self.vivado, VivadoParts)
        if not isinstance(self.memory, MemorySystem):
            raise ValueError(
                f"Board {self.name} must have a MemorySystem as its memory, not {self.memory!r}"
            )
        if not self.ports:
            raise ValueError(f"Board {self.name} must have at least one memory port")
        if len({port.width for port in self.ports}) != 1:
            raise ValueError(f"Board {self.name} must have memory ports of one width")
        if self.beat_bits < LEAST_BITS:
            raise ValueError(
                f"Board {self.name} must have beats of at least {LEAST_BITS} bits, not "
                f"{self.beat_bits}"
            )
        if len({port.name for port in self.ports}) != len(self.ports):
            raise ValueError(f"Board {self.name} must have memory ports of different names")
        if self.striped and len(self.ports) & (len(self.ports) - 1):
            raise ValueError(
                f"Board {self.name} must stripe memory over a power of two of ports, not "
                f"{len(self.ports)}"
            )
        if not self.dies:
            return
        if sum(die.memory for die in self.dies) != 1:
            raise ValueError(f"Board {self.name} must have its memory at one die")
        if len({die.name for die in self.dies}) != len(self.dies):
            raise ValueError(f"Board {self.name} must have dies of different names")
        for cell in fields(Budget):
            have = sum(getattr(die.budget, cell.name) for die in self.dies)
            if have != getattr(self.budget, cell.name):
                raise ValueError(
                    f"Board {self.name} must have the {cell.name} of its dies, {have:,}, "
                    f"not {getattr(self.budget, cell.name):,}"
                )

    @property
    def stack(self) -> tuple[Die, ...]:
        """All dies: at least one."""
        return self.dies or (Die(name="die", budget=self.budget, memory=True),)

    @property
    def memory_die(self) -> str:
        """The die at which external memory is."""
        return next(die.name for die in self.stack if die.memory)

    @property
    def beat_bits(self) -> int:
        """Bits of a beat of external memory."""
        return self.ports[0].width * self.stripes

    @property
    def stripes(self) -> int:
        """Ports that a beat of external memory comes from."""
        return len(self.ports) if self.striped else 1

    @property
    def memory_times(self) -> MemoryTimes:
        """What the performance model believes of the memory behind the ports."""
        return self.memory.times(self.ports[0], self.stripes, self.clock_mhz)

    @property
    def begins(self) -> tuple[int, ...]:
        """For each stripe, the byte address at which it begins."""
        return tuple(port.address for port in self.ports) if self.striped else (0,)


def load_board(name: str) -> Board:
    """The board that ``name`` means: a shipped one, a Python file that defines ``BOARD``, or the
    entry point of group ``GROUP``.

    Raises ``UserError`` if there is none.
    """
    added = extensions(GROUP, Board)
    if (extension := find("Board", name, BOARDS, added)) is not None:
        return extension.value
    if name in BOARDS:
        return _board_of(importlib.import_module(f"{__package__}.{name}"), name)
    if name.endswith(".py"):
        path = Path(name)
        # As a module beside the shipped ones, so that a copy of one of them works as it is.
        known_as = f"{__package__}.file_{path.stem}"
        spec = importlib.util.spec_from_file_location(known_as, path)
        if spec is None or spec.loader is None or not _is_file(path):
            raise UserError(f"Board file must exist, not {name!r}")
        module = importlib.util.module_from_spec(spec)
        try:
            with _importing(module):
                spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:  # whatever a user's file raises
            raise UserError(
                f"Board file {name!r} must be Python that runs, but: "
                f"{type(error).__name__}: {error}"
            ) from error
        return _board_of(module, name)
    known = (*BOARDS, *(other.name for other in added))
    raise UserError(
        f"Board must be one of {', '.join(known)}, or a .py file, not {name!r}",
        hint=did_you_mean(name, known)
        or "`python -m streamhw list boards` shows what each of them carries",
    )


@contextmanager
def _importing(module: ModuleType) -> Iterator[None]:
    """Dataclasses look for the module that they are defined in."""
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file can have
        return False


def _board_of(module: object, name: str) -> Board:
    board = getattr(module, "BOARD", None)
    if not isinstance(board, Board):
        raise UserError(f"Board file {name!r} must define BOARD as a Board, not {board!r}")
    return board
