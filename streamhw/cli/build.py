# SPDX-License-Identifier: Apache-2.0
"""``build``: a model and a board to Verilog, manifest, memory image and report."""

import argparse

from ..commands.console import Console
from ..compiler.stage_list import STAGE_LIST
from .exploration import check_unexplored, exploration, explored
from .options import Commands, choices, earlier, path, request, talk

__all__ = ["add"]

NEW_LINE = "\n"
HELP = f"""\
stages, for --stop and --from
{"".join(f"  {name:10}{says}{NEW_LINE}" for name, says in STAGE_LIST.items())}
a change by hand: build, edit decisions.json in the build folder (a depth of "size"), then
  python -m streamhw build MODEL --from place
compare two designs
  diff build/A/design.txt build/B/design.txt
"""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "build",
        help="model and board to Verilog, manifest, memory image, report",
        description="Writes the Verilog (top.v), manifest.json, memory.bin, reports and decisions, "
        "and prints what the design costs and how many cycles it will take.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices(parser)
    earlier(parser)
    parser.add_argument(
        "--stop", metavar="STAGE", help="stop after a stage; write design.txt and decisions.json"
    )
    parser.add_argument(
        "--dump",
        type=path,
        metavar="FILE",
        help="with --stop: write the text of the design there; - is standard output",
    )
    parser.add_argument(
        "--bitstream",
        action="store_true",
        help="go on to the bitstream of the board, with Yosys, nextpnr and ecppack",
    )
    parser.add_argument(
        "--package",
        choices=("vitis", "vivado"),
        help="write a folder for a vendor's tools, too: an RTL kernel for Vitis, or a board for "
        "Vivado",
    )
    exploration(parser)
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..bitstream.flow import check_flow
    from ..boards.base import load_board
    from ..commands.bitstream import bitstream
    from ..commands.build import build, build_until
    from ..commands.explore import optimized
    from ..commands.package import check_package, package
    from ..errors import UserError

    searched = chosen.optimize is not None or chosen.rate is not None
    if not searched:
        check_unexplored(chosen)
    for option, asked in (("--bitstream", chosen.bitstream), ("--package", chosen.package)):
        if asked and chosen.stop is not None:
            raise UserError(f"Option {option} must come without --stop: it needs a whole build")
    if chosen.stop is not None:
        build_until(request(chosen), chosen.stop, console, text=chosen.dump)
    elif chosen.dump is not None:
        raise UserError(
            "Option --dump must come with --stop, and does not",
            hint="a whole build has the text of its design in design.txt",
        )
    else:
        wanted = request(chosen)
        if searched:
            wanted = optimized(explored(chosen, wanted), console)
        if chosen.bitstream:
            check_flow(load_board(wanted.board))
        if chosen.package is not None:
            check_package(chosen.package, load_board(wanted.board))
        built = build(wanted, console)
        if chosen.bitstream:
            bitstream(wanted.folder, built.board, console)
        if chosen.package is not None:
            package(chosen.package, wanted.folder, console)
