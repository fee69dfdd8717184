# SPDX-License-Identifier: Apache-2.0
"""Arguments of the commands that make something: build, run, synth."""

import argparse
from pathlib import Path

from rich.console import Console

from .exploring import exploration, explored
from .options import (
    Commands,
    build_folder,
    checkpoints,
    choices,
    earlier,
    request,
    simulation,
    talk,
)

__all__ = ["add_build", "add_run", "add_synth"]

STAGES = """\
stages, for --stop and --from
  quantize  bind  tile  lower  convert  fuse  memory  control  partition  size  place

a change by hand: build, edit decisions.json in the build folder (a depth of "size"), then
  python -m streamhw build MODEL --from place
two designs side by side
  diff build/A/design.txt build/B/design.txt
"""


def add_build(commands: Commands) -> None:
    parser = commands.add_parser(
        "build",
        help="model and board to Verilog, manifest, memory image, report",
        description="Writes the Verilog (top.v), manifest.json, memory.bin, reports and decisions, "
        "and prints what the design costs and how many cycles it will take.",
        epilog=STAGES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices(parser)
    earlier(parser)
    parser.add_argument(
        "--stop", metavar="STAGE", help="stop after a stage; write design.txt and decisions.json"
    )
    parser.add_argument(
        "--dump",
        type=Path,
        metavar="FILE",
        help="with --stop: write the text of the design there; - is standard output",
    )
    exploration(parser)
    talk(parser)
    parser.set_defaults(run=_build)


def _build(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.build import build, build_until
    from ..commands.explore import optimized
    from ..errors import UserError

    if chosen.stop is not None:
        build_until(request(chosen), chosen.stop, console, text=chosen.dump)
    elif chosen.dump is not None:
        raise UserError(
            "Option --dump must come with --stop, and does not",
            hint="a whole build has the text of its design in design.txt",
        )
    else:
        wanted = request(chosen)
        if chosen.optimize is not None or chosen.rate is not None:
            wanted = optimized(explored(chosen, wanted), console)
        build(wanted, console)


def add_run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="text from the generated hardware, simulated",
        description="Builds (or reuses the build), compiles its Verilog into a simulator, and "
        "prints the text that the accelerator generates, with its cycles and memory traffic.",
    )
    choices(parser)
    earlier(parser)
    parser.add_argument(
        "--prompt", required=True, help="text; token numbers for a model without tokenizer"
    )
    parser.add_argument("--tokens", type=int, default=32, help="tokens to generate; default: 32")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare every token and every stream with the integer reference",
    )
    parser.add_argument(
        "--stalls",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="hold back every memory channel at random in this share of cycles",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the stalls; default: 0")
    simulation(parser)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="the same tokens from the integer reference, with predicted cycles: no simulation",
    )
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.fast import FastRequest, run_fast
    from ..commands.run import RunRequest, run
    from ..errors import UserError

    if chosen.fast:
        simulated = (chosen.check, chosen.stalls, chosen.memory, chosen.threads)
        if any(simulated) or chosen.checkpoint or chosen.resume:
            raise UserError(
                "Option --fast must come without --check, --stalls, --memory, --threads, "
                "--checkpoint and --resume: nothing is simulated"
            )
        wanted = FastRequest(build=request(chosen), prompt=chosen.prompt, tokens=chosen.tokens)
        run_fast(wanted, console)
        return
    run(
        RunRequest(
            build=request(chosen),
            prompt=chosen.prompt,
            tokens=chosen.tokens,
            check=chosen.check,
            stalls=chosen.stalls,
            seed=chosen.seed,
            memory=chosen.memory,
            threads=chosen.threads,
            checkpoints=checkpoints(chosen),
        ),
        console,
    )


def add_synth(commands: Commands) -> None:
    parser = commands.add_parser(
        "synth",
        help="real cell counts of a build, beside the estimates",
        description="Runs Yosys for the board's family; writes synth.json into the build folder.",
    )
    build_folder(parser)
    talk(parser)
    parser.set_defaults(run=_synth)


def _synth(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.synth import synth

    synth(chosen.folder, console)
