# SPDX-License-Identifier: Apache-2.0
"""``run``: text from the generated hardware, simulated."""

import argparse

from ..commands.console import Console
from .options import Commands, checkpoints, choices, earlier, request, simulation, stalls, talk
from .wave_options import chosen_waves, wave_options

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="text from the generated hardware, simulated",
        description="Builds (or reuses the build), compiles its Verilog into a simulator, and "
        "prints the text that the accelerator generates, with its cycles and memory traffic. "
        "BUILD_OR_MODEL is the folder of a build, which is run as it is, or a model.",
    )
    choices(parser, builds=True)
    earlier(parser)
    parser.add_argument(
        "--prompt",
        required=True,
        help="text, empty to begin a new one; token numbers for a model without tokenizer",
    )
    parser.add_argument(
        "--chat",
        action="store_true",
        help="the prompt is a message: put it into the model's chat template",
    )
    parser.add_argument("--tokens", type=int, default=32, help="tokens to generate; default: 32")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare every token and every stream with the integer reference",
    )
    stalls(parser)
    simulation(parser)
    wave_options(parser)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the same tokens from the integer reference, with predicted cycles: no simulation",
    )
    parser.add_argument(
        "--port",
        metavar="PORT",
        help="a board with the bitstream of this build is at that serial port: run there",
    )
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.fast import FastRequest, run_fast
    from ..commands.on_board import BoardRequest, run_on_board
    from ..commands.run import RunRequest, run
    from ..errors import UserError

    if chosen.fast or chosen.port is not None:
        option = "--fast" if chosen.fast else "--port"
        simulated = (chosen.check, chosen.stalls, chosen.memory, chosen.threads)
        if any(simulated) or chosen.checkpoint or chosen.resume or chosen.waves:
            raise UserError(
                f"Option {option} must come without --check, --stalls, --memory, --threads, "
                "--checkpoint, --resume and --waves: nothing is simulated"
            )
        if chosen.fast and chosen.port is not None:
            raise UserError("Option --fast must come without --port: no board is used")
        asked = {"prompt": chosen.prompt, "tokens": chosen.tokens, "chat": chosen.chat}
        if chosen.fast:
            run_fast(FastRequest(build=request(chosen), **asked), console)
        else:
            wanted = BoardRequest(build=request(chosen), port=chosen.port, **asked)
            run_on_board(wanted, console)
        return
    run(
        RunRequest(
            build=request(chosen),
            prompt=chosen.prompt,
            tokens=chosen.tokens,
            chat=chosen.chat,
            check=chosen.check,
            stalls=chosen.stalls,
            seed=chosen.seed,
            memory=chosen.memory,
            threads=chosen.threads,
            checkpoints=checkpoints(chosen),
            waves=chosen_waves(chosen),
        ),
        console,
    )
