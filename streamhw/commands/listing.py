# SPDX-License-Identifier: Apache-2.0
"""``streamhw list``: the models, boards and kernels that are there.

Each list imports only what it shows.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table

from .show import Console

if TYPE_CHECKING:
    from ..stream.spec import KernelSpec

__all__ = ["list_boards", "list_kernels", "list_models"]


def list_models(console: Console) -> None:
    """Named models with their shapes."""
    from ..frontend.zoo import CHECKPOINTS, load, model_names

    table = Table("model", "layers", "width", "heads", "vocabulary", "context", "weights")
    for name in model_names():
        config = load(name).config
        table.add_row(
            name,
            str(config.layers),
            str(config.features),
            str(config.heads),
            f"{config.vocabulary:,}",
            f"{config.context:,}",
            "in the package" if name in CHECKPOINTS else "yours (--weights) or seeded random",
        )
    console.print(table)
    console.print("A Hugging Face directory with config.json and safetensors works as well.")


def list_boards(console: Console) -> None:
    """Boards with what they carry."""
    from ..boards.base import BOARDS, load_board

    table = Table("board", "part", "clock MHz", "memory", "LUT", "DSP", "block RAM", "URAM")
    for name in BOARDS:
        board = load_board(name)
        port = board.ports[0]
        table.add_row(
            name,
            board.title,
            f"{board.clock_mhz:g}",
            f"{len(board.ports)} x {port.width} bit",
            f"{board.budget.luts:,}",
            f"{board.budget.dsps:,}",
            f"{board.budget.block_ram:,}",
            f"{board.budget.ultra_ram:,}",
        )
    console.print(table)
    console.print("Clocks are assumptions until a design is placed and routed.")


def list_kernels(console: Console) -> None:
    """Kernels with the first line of their contract."""
    table = Table("kernel", "what it does")
    for spec in sorted(kernel_specs(), key=lambda spec: spec.__name__):
        table.add_row(
            spec.__name__.removesuffix("Spec"), (inspect.getdoc(spec) or "").split("\n")[0]
        )
    console.print(table)


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
