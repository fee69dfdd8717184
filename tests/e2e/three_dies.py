# SPDX-License-Identifier: Apache-2.0
"""A board on which a tiny model is on three dies, with memory at four ports of the lowest."""

from collections.abc import Callable
from dataclasses import replace

from streamhw.boards.base import Budget, Die, load_board
from streamhw.compiler.config import BuildConfig
from streamhw.compiler.pipeline import compile_model
from streamhw.quantization.config import QuantConfig
from tests.e2e.machine import Machine
from tests.tiny import tiny_decoder

__all__ = ["DIES", "machine_on_three_dies"]

DIES = ("low", "middle", "high")


def machine_on_three_dies(
    machine_of: Callable[..., Machine], *pins: tuple[str, str], observed: bool = False
) -> Machine:
    """Registers two boundaries between dies away from memory; pins: parts and their dies."""
    budget = Budget(luts=24_000, ffs=60_000, dsps=100, block_ram=20, ultra_ram=8)
    whole = Budget(luts=72_000, ffs=180_000, dsps=300, block_ram=60, ultra_ram=24)
    board = load_board("sim")
    (port,) = board.ports
    board = replace(
        board,
        name="three_dies",
        budget=whole,
        dies=tuple(Die(name=name, budget=budget, memory=name == DIES[0]) for name in DIES),
        ports=tuple(replace(port, name=f"mem{n}") for n in range(4)),
    )
    pins = (*pins, ("attention_key_read_dma", "high"), ("sequencer", "high"))
    config = BuildConfig(quantization=QuantConfig(scale_group=32), multipliers=32, pins=pins)
    model = tiny_decoder()
    design = compile_model(model, board, config)
    return machine_of(design=design, of=model, observed=observed)
