# SPDX-License-Identifier: Apache-2.0
"""``streamhw list``: everything that is installed, with the package that it comes from.

Each list imports only what it shows.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..errors import UserError
from ..extensions import extensions
from .show import Console

if TYPE_CHECKING:
    from ..boards.base import Board
    from ..frontend.shapes import NamedShape
    from ..stream.spec import KernelSpec

__all__ = ["LISTS", "list_installed"]

OURS = "streamhw"
Row = tuple[str | Text, ...]


def list_installed(what: str | None, console: Console) -> None:
    """Prints one of ``LISTS``, or all of them."""
    for kind in LISTS if what is None else (what,):
        LISTS[kind](console)


def _models(console: Console) -> None:
    """Named models with their shapes, and where their weights are or how to get them."""
    from ..frontend.shapes import SHAPES
    from ..frontend.zoo import CHECKPOINTS, load

    table = Table("model", "layers", "width", "heads", "vocabulary", "positions", "weights")
    rows = {name: (load(name).config, "in the package") for name in CHECKPOINTS}
    rows |= {name: (shape.config, _weights(shape)) for name, shape in SHAPES.items()}
    for name, (config, weights) in sorted(rows.items()):
        numbers = (config.layers, config.features, config.heads, config.vocabulary, config.context)
        table.add_row(name, *(f"{number:,}" for number in numbers), weights)
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
    _print("family", own, FAMILY_GROUP, console)


def _formats(console: Console) -> None:
    """File formats."""
    from ..frontend.catalog import FORMAT_GROUP, FORMATS

    own = {name: _says(type(fmt)) for name, fmt in FORMATS.items()}
    _print("format", own, FORMAT_GROUP, console)


def _boards(console: Console) -> None:
    """Boards with what they carry."""
    from ..boards.base import BOARDS, GROUP, load_board

    table = Table("board", "part", "clock MHz", "memory", "LUT", "DSP", "block RAM", "URAM",
                  "package")  # fmt: skip
    for name in BOARDS:
        table.add_row(name, *_board(load_board(name)), OURS)
    for extension in extensions(GROUP, object):
        try:
            cells = _board(load_board(extension.name))
        except UserError as error:
            cells = (Text(str(error), "red"), *[""] * 6)
        table.add_row(extension.name, *cells, extension.package)
    console.print(table)
    console.print("Clocks are assumptions until a design is placed and routed.")


def _board(board: "Board") -> Row:
    port = board.ports[0]
    return (
        board.title,
        f"{board.clock_mhz:g}",
        f"{len(board.ports)} x {port.width} bit, {board.memory.name}",
        f"{board.budget.luts:,}",
        f"{board.budget.dsps:,}",
        f"{board.budget.block_ram:,}",
        f"{board.budget.ultra_ram:,}",
    )


def _memories(console: Console) -> None:
    """Memory systems, for ``--memory`` and for boards."""
    from ..boards.memory.catalog import GROUP, MEMORIES

    own = {name: _says(type(system)) for name, system in MEMORIES.items()}
    _print("memory", own, GROUP, console)


def _layers(console: Console) -> None:
    """Layer kinds that graphs may have."""
    from ..compiler.layers.table import GROUP
    from ..graph import OPS

    _print("layer", {op.__name__: _says(op) for op in OPS}, GROUP, console)


def _functions(console: Console) -> None:
    """Elementwise functions, for activations."""
    from ..numerics.functions import BUILT_IN, GROUP

    _print("function", dict.fromkeys(BUILT_IN, "elementwise function"), GROUP, console)


def _number_formats(console: Console) -> None:
    """Number formats of weights."""
    from ..numerics.element_format import BUILT_IN, GROUP

    own = {
        name: f"{fmt.bits} bits, "
        + ("a scale a row" if fmt.scale_group is None else f"groups of {fmt.scale_group} columns")
        + (" with offsets" if fmt.has_offsets else "")
        for name, fmt in BUILT_IN.items()
    }
    _print("number format", own, GROUP, console)


def _kernels(console: Console) -> None:
    """Kernels with the first line of their contract; those of packages come with their layers."""
    specs = {spec.__name__.removesuffix("Spec"): _says(spec) for spec in kernel_specs()}
    _print("kernel", dict(sorted(specs.items())), None, console)


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


def _print(kind: str, own: Mapping[str, str], group: str | None, console: Console) -> None:
    table = Table(kind, "what it is", "package")
    for row in (*((name, says, OURS) for name, says in own.items()), *_added(group)):
        table.add_row(*row)
    console.print(table)


def _added(group: str | None) -> Iterable[Row]:
    """Rows of what packages offer; a broken package has its error as its row."""
    for extension in extensions(group, object) if group is not None else ():
        try:
            value = extension.value
            what = getattr(value, "op", value)  # a layer is told by what it computes
            says: str | Text = _says(what if inspect.isclass(what) else type(what))
        except UserError as error:
            says = Text(str(error), "red")
        yield extension.name, says, extension.package


def _says(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]
