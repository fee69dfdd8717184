# SPDX-License-Identifier: Apache-2.0
"""Options of a wave file, and what they ask for."""

import argparse
from typing import TYPE_CHECKING

from .options import path

if TYPE_CHECKING:
    from ..api.waves import Waves

__all__ = ["chosen_waves", "wave_options"]


def wave_options(parser: argparse.ArgumentParser) -> None:
    """--waves, and which cycles of which streams."""
    group = parser.add_argument_group("waves")
    group.add_argument(
        "--waves",
        type=path,
        metavar="FILE.fst",
        help="write what every stream does, for GTKWave and Surfer; their save files beside it",
    )
    group.add_argument(
        "--waves-from",
        metavar="WHEN",
        help="begin in a cycle (12000), with the step to a token of the answer (token:5), or with "
        "a layer (layer:2, or token:5,layer:2), all from 0; default: with the simulation",
    )
    group.add_argument(
        "--waves-cycles", type=int, metavar="N", help="so many cycles; default: to the end"
    )
    group.add_argument(
        "--waves-only",
        metavar="PATTERN",
        help="only kernels or streams of these names, as norm_1 or 'attention_*'",
    )


def chosen_waves(chosen: argparse.Namespace) -> "Waves | None":
    """What was typed; raises ``UserError`` for what cannot be."""
    from ..api.waves import WaveBegin, Waves
    from ..errors import UserError

    more = (chosen.waves_from, chosen.waves_cycles, chosen.waves_only)
    if chosen.waves is None:
        if any(option is not None for option in more):
            raise UserError("Options of waves must come with --waves, which names the file")
        return None
    return Waves(
        file=chosen.waves,
        begin=WaveBegin() if chosen.waves_from is None else WaveBegin.parse(chosen.waves_from),
        cycles=chosen.waves_cycles,
        only=chosen.waves_only,
    )
