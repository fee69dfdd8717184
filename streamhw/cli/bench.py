# SPDX-License-Identifier: Apache-2.0
"""``bench``: a design beside the board's roofline and published figures."""

import argparse

from ..commands.console import Console
from .options import Commands, checkpoints, choices, earlier, request, simulation, talk

__all__ = ["add"]

POINTS = """\
points
  --in 32 --out 32              one answer of 32 tokens after 32 others
  --in 32,64,128 --out 32,64,128  three points; a single number goes with all of the other list
  --at 128,1000                 one token with so many positions in the cache: predicted; a
                                simulation has to begin with the prompt (--in 1000 --out 2)
"""


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "bench",
        help="a design beside the board's roofline and published figures",
        description="Builds (or reuses the build); predicts, and with --simulate simulates, whole "
        "answers; prints them beside the floor of graph and board and beside published figures, "
        "with an estimate of energy. Writes bench.json into the build folder.",
        epilog=POINTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices(parser)
    earlier(parser)
    parser.add_argument(
        "--in", dest="prompts", type=lengths, default=(32,), metavar="TOKENS",
        help="tokens of the prompt; default: 32",
    )  # fmt: skip
    parser.add_argument(
        "--out", dest="answers", type=lengths, default=(32,), metavar="TOKENS",
        help="tokens of the answer; default: 32",
    )  # fmt: skip
    parser.add_argument(
        "--at", dest="contexts", type=lengths, default=(), metavar="POSITIONS",
        help="predict a token with so many positions in the cache, too",
    )  # fmt: skip
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--simulate", action="store_true", help="simulate the points, too, and compare all tokens"
    )
    how.add_argument("--predict", action="store_true", help="only predict; the default")
    simulation(parser)
    talk(parser)
    parser.set_defaults(run=_run)


def lengths(text: str) -> tuple[int, ...]:
    """Numbers with commas between; raises ``ArgumentTypeError`` for anything else."""
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(f"lengths must be numbers such as 32,64, not {text!r}")
    return tuple(int(word) for word in words)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.bench import BenchRequest, bench

    bench(
        BenchRequest(
            build=request(chosen),
            prompts=chosen.prompts,
            answers=chosen.answers,
            contexts=chosen.contexts,
            simulate=chosen.simulate,
            memory=chosen.memory,
            threads=chosen.threads,
            checkpoints=checkpoints(chosen),
        ),
        console,
    )
