# SPDX-License-Identifier: Apache-2.0
"""``streamhw list``: everything that is installed, with the package that it comes from.

Each list imports only what it shows.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from ..errors import UserError
from ..extensions import extensions
from ..report.fitted_table import FittedTable, numbers, words
from .records.listed import BoardRecord, ListedRecord, ModelRecord
from .show import Console

if TYPE_CHECKING:
    from ..boards.base import Board
    from ..frontend.shapes import NamedShape
    from ..stream.spec import KernelSpec

__all__ = ["LISTS", "list_installed"]

OURS = "streamhw"


def list_installed(what: str | None, console: Console) -> None:
    """Prints one of ``LISTS``, or all of them."""
    for kind in LISTS if what is None else (what,):
        LISTS[kind](console)


def _models(console: Console) -> None:
    """Named models with their shapes, and where their weights are or how to get them."""
    from ..frontend.shapes import SHAPES
    from ..frontend.zoo import CHECKPOINTS, load

    table = FittedTable(
        [
            *words("model"),
            *numbers("layers", "width", "heads", keeps=2),
            *numbers("vocabulary", "positions", keeps=1),
            *words("weights", running=True),
        ]
    )
    rows = {name: (load(name).config, "in the package") for name in CHECKPOINTS}
    rows |= {name: (shape.config, _weights(shape)) for name, shape in SHAPES.items()}
    for name, (config, weights) in sorted(rows.items()):
        counts = (config.layers, config.features, config.heads, config.vocabulary, config.context)
        table.add_row(name, *(f"{count:,}" for count in counts), weights)
        console.tell(
            ModelRecord(
                name=name,
                layers=config.layers,
                width=config.features,
                heads=config.heads,
                vocabulary=config.vocabulary,
                context=config.context,
                weights=weights,
            )
        )
    console.print(table)
    console.print(
        "Names are built for at most 1,024 positions unless --context N says otherwise. "
        "Shapes whose weights are not here have seeded random ones. Real ones: hf download "
        "REPOSITORY --local-dir DIR (of pip install huggingface_hub), then DIR as MODEL, or "
        "--weights DIR. Any directory of list families works as well."
    )


def _weights(shape: "NamedShape") -> str:
    if shape.installed is None:
        return shape.repository
    if shape.installed.installed:
        return f"installed: {shape.installed.packages[0]}"
    return f"{shape.repository}, or {shape.installed.command}"


def _families(console: Console) -> None:
    """Values of model_type in config.json that are understood."""
    from ..frontend.catalog import FAMILIES, FAMILY_GROUP

    own = {name: _says(type(family)) for name, family in FAMILIES.items()}
    _print("families", "family", own, FAMILY_GROUP, console)


def _formats(console: Console) -> None:
    """File formats."""
    from ..frontend.catalog import FORMAT_GROUP, FORMATS

    own = {name: _says(type(fmt)) for name, fmt in FORMATS.items()}
    _print("formats", "format", own, FORMAT_GROUP, console)


def _boards(console: Console) -> None:
    """Boards with what they carry."""
    from ..boards.base import BOARDS, GROUP, load_board

    table = FittedTable(
        [
            *words("board"),
            *words("part", keeps=3, running=True),
            *numbers("clock MHz"),
            *words("memory", keeps=2, running=True),
            *numbers("LUT", "DSP", keeps=5),
            *numbers("block RAM", "URAM", keeps=4),
            *words("package", keeps=1),
        ]
    )
    broken: list[str] = []
    for name in BOARDS:
        _board(name, load_board(name), OURS, table, console)
    for extension in extensions(GROUP, object):
        try:
            _board(extension.name, load_board(extension.name), extension.package, table, console)
        except UserError as error:
            broken.append(f"{extension.name}, of the package {extension.package}: {error}")
            console.tell(_listed("boards", extension.name, "", extension.package, error))
    console.print(table)
    for said in broken:
        console.print(said, style="red", soft_wrap=True)
    console.print("Clocks are assumptions until a design is placed and routed.")


def _board(name: str, board: "Board", package: str, table: FittedTable, console: Console) -> None:
    port, budget = board.ports[0], board.budget
    table.add_row(
        name,
        board.title,
        f"{board.clock_mhz:g}",
        f"{len(board.ports)} x {port.width} bit, {board.memory.name}",
        *(f"{n:,}" for n in (budget.luts, budget.dsps, budget.block_ram, budget.ultra_ram)),
        package,
    )
    console.tell(
        BoardRecord(
            name=name,
            part=board.part,
            clock_mhz=board.clock_mhz,
            memory=board.memory.name,
            ports=len(board.ports),
            port_bits=port.width,
            luts=budget.luts,
            ffs=budget.ffs,
            dsps=budget.dsps,
            block_ram=budget.block_ram,
            ultra_ram=budget.ultra_ram,
            package=package,
        )
    )


def _memories(console: Console) -> None:
    """Memory systems, for ``--memory`` and for boards."""
    from ..boards.memory.catalog import GROUP, MEMORIES

    own = {name: _says(type(system)) for name, system in MEMORIES.items()}
    _print("memories", "memory", own, GROUP, console)


def _layers(console: Console) -> None:
    """Layer kinds that graphs may have."""
    from ..compiler.layers.table import GROUP
    from ..graph import OPS

    _print("layers", "layer", {op.__name__: _says(op) for op in OPS}, GROUP, console)


def _functions(console: Console) -> None:
    """Elementwise functions, for activations."""
    from ..numerics.functions import BUILT_IN, GROUP

    _print("functions", "function", dict.fromkeys(BUILT_IN, "elementwise function"), GROUP, console)


def _number_formats(console: Console) -> None:
    """Number formats of weights."""
    from ..numerics.element_format import BUILT_IN, GROUP

    own = {
        name: f"{fmt.bits} bits, "
        + ("a scale a row" if fmt.scale_group is None else f"groups of {fmt.scale_group} columns")
        + (" with offsets" if fmt.has_offsets else "")
        for name, fmt in BUILT_IN.items()
    }
    _print("number-formats", "number format", own, GROUP, console)


def _kernels(console: Console) -> None:
    """Kernels with the first line of their contract; those of packages come with their layers."""
    specs = {spec.__name__.removesuffix("Spec"): _says(spec) for spec in kernel_specs()}
    _print("kernels", "kernel", dict(sorted(specs.items())), None, console)


LISTS: Mapping[str, Callable[[Console], None]] = {
    "models": _models,
    "families": _families,
    "formats": _formats,
    "boards": _boards,
    "memories": _memories,
    "layers": _layers,
    "functions": _functions,
    "number-formats": _number_formats,
    "kernels": _kernels,
}


def kernel_specs() -> "Iterator[type[KernelSpec]]":
    """Every concrete kernel of the library."""
    from .. import kernels
    from ..stream.spec import KernelSpec

    for module in pkgutil.walk_packages(kernels.__path__, f"{kernels.__name__}."):
        found = importlib.import_module(module.name)
        for spec in vars(found).values():
            if (
                inspect.isclass(spec)
                and issubclass(spec, KernelSpec)
                and spec.__module__ == found.__name__
                and not inspect.isabstract(spec)
                and not spec.__name__.startswith("_")
            ):
                yield spec


def _print(
    what: str, kind: str, own: Mapping[str, str], group: str | None, console: Console
) -> None:
    table = FittedTable(
        [*words(kind), *words("what it is", running=True), *words("package", keeps=1)]
    )
    ours = (_listed(what, name, says, OURS) for name, says in own.items())
    for row in (*ours, *_added(what, group)):
        says = row.about if row.error is None else Text(row.error, "red")
        table.add_row(row.name, says, row.package)
        console.tell(row)
    console.print(table)


def _listed(
    what: str, name: str, about: str, package: str, error: UserError | None = None
) -> ListedRecord:
    said = None if error is None else str(error)
    return ListedRecord(list=what, name=name, about=about, package=package, error=said)


def _added(what: str, group: str | None) -> Iterable[ListedRecord]:
    """What packages offer; a broken package with its error."""
    for extension in extensions(group, object) if group is not None else ():
        try:
            value = extension.value
            kind = getattr(value, "op", value)  # a layer is told by what it computes
            says = _says(kind if inspect.isclass(kind) else type(kind))
            yield _listed(what, extension.name, says, extension.package)
        except UserError as error:
            yield _listed(what, extension.name, "", extension.package, error)


def _says(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]
