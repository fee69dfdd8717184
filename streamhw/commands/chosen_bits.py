# SPDX-License-Identifier: Apache-2.0
"""Bits of weights that were to be chosen: what was tried, and what it came to."""

import shlex

import numpy as np

from ..api.chosen_bits import chosen_bits
from ..boards.base import Board
from ..frontend import Model
from ..quantization.config import QuantConfig
from ..quantization.format_options import format_options
from ..reference.mixed_bits import MixedBits
from ..report.fitted_table import FittedTable, TableColumn, numbers
from .records.qualities import BitsRecord
from .show import Console, progress

__all__ = ["bits_shown"]


def bits_shown(model: Model, board: Board, config: QuantConfig, console: Console) -> QuantConfig:
    """The configuration with all bits chosen; prints how, if they were not.

    Raises ``UserError`` as ``chosen_bits`` does.
    """
    if config.rise is None:
        return config
    with progress(console) as shown:
        task = shown.add_task("choose bits", total=1.0, detail="")
        found = chosen_bits(
            model,
            board,
            config,
            progress=lambda what, done: shown.update(task, completed=done, detail=what),
        )
    console.print(_table(found))
    typed = shlex.join(format_options(found.config))
    console.tell(
        BitsRecord(
            model=model.name,
            options=typed,
            nats=found.nats,
            bound=found.bound,
            tokens=found.tokens,
            token_bytes=found.token_bytes,
        )
    )
    console.say(
        f"{model.name}: {typed} is estimated to cost {_rise(found.nats)} of perplexity (at most "
        f"{_rise(found.bound)} was asked for) on {found.tokens:,} tokens, and reads "
        f"{found.token_bytes / 1e6:,.3f} MB a token"
    )
    return found.config


def _table(found: MixedBits) -> FittedTable:
    """What 8 bits gain, product by product, in the order in which they were taken."""
    table = FittedTable(
        [TableColumn("8 bits for"), *numbers("perplexity", "gains", "MB a token", "chosen")],
        title="estimated rise of perplexity",
    )
    table.add_row("nothing", _rise(found.narrow), "", _mega(found.narrow_bytes), "")
    for product in found.products:
        table.add_row(
            product.name,
            _rise(found.narrow - product.nats),
            f"{product.nats:.4f} nats",
            _mega(found.narrow_bytes + product.more),
            "yes" if product.name in found.config.wide else "",
        )
    table.add_row(
        "everything", _rise(found.wide), "", _mega(found.wide_bytes), "", end_section=True
    )
    table.add_row("what is chosen", _rise(found.nats), "", _mega(found.token_bytes), "")
    return table


def _rise(nats: float) -> str:
    return f"{np.expm1(nats):+.2%}"


def _mega(count: int) -> str:
    return f"{count / 1e6:,.3f}"
