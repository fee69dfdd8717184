# SPDX-License-Identifier: Apache-2.0
"""Real cell counts and longest paths of a build, beside the estimates it was decided by."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..boards.base import Board, Budget
from ..cache import default_cache
from ..compiler.backend.build_dir import read_build, read_file
from ..compiler.backend.emit import VERILOG_FILE
from ..compiler.floorplan.kernel_slices import pieces_of
from ..compiler.floorplan.top_overhead import queue_owner
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.resources.fpga_cells import Cells
from ..whole_file import write_whole
from .levels import LogicPath
from .loaded_nets import DesignNets, nets_of_design
from .mapping import MappedModule, map_modules
from .modules import Modules, read_modules

__all__ = [
    "SYNTH_FILE",
    "DieCells",
    "ModuleRow",
    "SlowKind",
    "Synthesis",
    "own_cells",
    "synthesize",
    "total_cells",
]

SYNTH_FILE = "synth.json"
WORST = 12
"""Kinds of modules whose paths are listed."""

Progress = Callable[[int, int, str], None]
"""Called with the kinds of modules done, all of them, and the next."""


@dataclass(frozen=True)
class ModuleRow:
    """One part of the top: the estimate, what Yosys counts, and its longest path."""

    name: str
    estimated: Cells
    counted: Cells
    levels: int = 0


@dataclass(frozen=True)
class DieCells:
    """One die: the cells counted on it, and what it has."""

    name: str
    counted: Cells
    budget: Cells


@dataclass(frozen=True)
class SlowKind:
    """A kind of module that has one of the longest paths within itself."""

    module: str
    instances: int
    path: LogicPath


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What ``synth.json`` holds. ``rest`` of the top is queues, arbiters and registers.

    budget: what the board has
    kinds: of modules, each mapped once; instances: of all modules in the design
    dies: by the partition of the build; a part on several counts on each in equal shares
    longest: path of the whole design, through modules; slowest: kinds with the longest of their own
    nets: those with the most loads
    """

    model: str
    board: str
    family: str
    clock_mhz: float
    budget: Cells
    rows: tuple[ModuleRow, ...]
    rest: ModuleRow
    total: ModuleRow
    kinds: int
    instances: int
    dies: tuple[DieCells, ...]
    longest: LogicPath
    slowest: tuple[SlowKind, ...]
    nets: DesignNets

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def synthesize(folder: Path, on_module: Progress = lambda done, total, name: None) -> Synthesis:
    """Runs Yosys for the board's family and writes ``synth.json`` into the build folder.

    Each kind of module is mapped once and counted as often as it is in the design; what was mapped
    before is remembered.

    Raises ``UserError`` if ``folder`` is no build, ``ToolError`` if Yosys is missing or fails.
    """
    manifest, design = read_build(folder)
    board, placement = design.board, design.placement
    modules = read_modules(read_file(folder, manifest, VERILOG_FILE).decode())
    mapped = map_modules(modules, board.family, default_cache(), on_module=on_module)
    counts = total_cells(modules, mapped)
    top = modules.kinds[modules.top]
    own = own_cells(modules, counts, _pieces(design))
    rows = []
    for name, estimated in placement.cells.items():
        kind = top.parts.get(name)
        level = 0 if kind is None else mapped[kind].levels.longest.levels
        rows.append(ModuleRow(name, estimated, own.get(name, Cells()), level))
    inside = sum((row.counted for row in rows), Cells())
    whole = counts[modules.top]
    instances = modules.instances()
    found = Synthesis(
        model=design.graph.name,
        board=board.name,
        family=board.family.value,
        clock_mhz=board.clock_mhz,
        budget=_cells(board.budget),
        rows=tuple(rows),
        rest=ModuleRow("queues, arbiters, registers", placement.queues, _less(whole, inside)),
        total=ModuleRow("total", placement.total, whole, mapped[modules.top].levels.longest.levels),
        kinds=len(modules.kinds),
        instances=sum(instances.values()),
        dies=_dies(board, own, _dies_of(design), mapped[modules.top].cells),
        longest=mapped[modules.top].levels.longest,
        slowest=_slowest(mapped, instances),
        nets=nets_of_design(modules, {name: kind.fan_out for name, kind in mapped.items()}),
    )
    write_whole(folder / SYNTH_FILE, found.to_json())
    return found


def total_cells(modules: Modules, mapped: Mapping[str, MappedModule]) -> dict[str, Cells]:
    """Cells of every kind with all that is inside it."""
    totals: dict[str, Cells] = {}
    for name, module in modules.kinds.items():
        total = mapped[name].cells
        for child, count in module.children.items():
            total += _share(totals[child], count)
        totals[name] = total
    return totals


def own_cells(
    modules: Modules,
    counts: Mapping[str, Cells],
    pieces: Mapping[str, tuple[str, tuple[str, ...]]],
) -> dict[str, Cells]:
    """Cells of everything in the top by its name, and of the pieces of parts, which are none of the
    part's own then.

    pieces: by name, the part of each and the submodules of it that it is made of
    """
    parts = modules.kinds[modules.top].parts
    own = {name: counts[kind] for name, kind in parts.items()}
    for name, (part, instances) in pieces.items():
        for path in instances:
            kind = parts[part]
            for step in path.split("."):
                kind = modules.kinds[kind].parts[step]
            own[name] = own.get(name, Cells()) + counts[kind]
            own[part] = _less(own[part], counts[kind])
    return own


def _slowest(
    mapped: Mapping[str, MappedModule], instances: Mapping[str, int]
) -> tuple[SlowKind, ...]:
    own = {n: m.levels.longest for n, m in mapped.items() if not m.levels.longest.inside}
    worst = sorted(own, key=lambda name: (-own[name].levels, name))[:WORST]
    return tuple(SlowKind(name, instances[name], own[name]) for name in worst)


def _dies(
    board: Board,
    own: Mapping[str, Cells],
    dies: Mapping[str, tuple[str, ...]],
    rest: Cells,
) -> tuple[DieCells, ...]:
    """Cells by die: what has no die of its own is at the memory."""
    used = {die.name: Cells() for die in board.stack}
    used[board.memory_die] += rest
    for name, cells in own.items():
        at = dies.get(name, (board.memory_die,))
        for die in at:
            used[die] += _share(cells, 1 / len(at))
    return tuple(DieCells(die.name, used[die.name], _cells(die.budget)) for die in board.stack)


def _dies_of(design: PlacedNetlist) -> dict[str, tuple[str, ...]]:
    """By submodule of the top, its dies: a queue is where its stream's sink begins."""
    dies = design.placement.dies
    queues = {queue_owner(c.name): dies[c.sink.instance][:1] for c in design.channels}
    return {**dies, **queues}


def _pieces(design: PlacedNetlist) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The pieces of parts on other dies: by name, the part and its submodules."""
    return {
        name: (instance.name, piece.instances)
        for instance in design.instances
        for name, piece in pieces_of(design, instance)
    }


def _cells(budget: Budget) -> Cells:
    return Cells(**dataclasses.asdict(budget))


def _share(cells: Cells, factor: float) -> Cells:
    return Cells(**{k: round(n * factor) for k, n in dataclasses.asdict(cells).items()})


def _less(total: Cells, inside: Cells) -> Cells:
    values = {
        field.name: getattr(total, field.name) - getattr(inside, field.name)
        for field in dataclasses.fields(Cells)
    }
    return Cells(**values)
