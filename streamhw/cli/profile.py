# SPDX-License-Identifier: Apache-2.0
"""``profile``: what bounds a step, and what each kernel does in its cycles."""

import argparse

from ..commands.console import Console
from .options import Commands, choices, earlier, request, simulator, stalls, talk

__all__ = ["add"]


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "profile",
        help="what bounds a step, and what each kernel does in its cycles",
        description="Simulates an answer, looks at the step of its last token, and says what "
        "bounds it: a kernel or a memory port. Then, in tables, in which share of the cycles each "
        "kernel works, waits or is idle, and when it gives its beats, predicted and measured. "
        "BUILD_OR_MODEL is the folder of a build, or a model, which is built or reused as by "
        "`run`.",
    )
    choices(parser, builds=True)
    earlier(parser)
    parser.add_argument(
        "--prompt",
        help="text; token numbers for a build, or a model without tokenizer; default: a step full "
        "of tokens",
    )
    parser.add_argument(
        "--tokens",
        type=int,
        default=2,
        help="of the answer, whose last step is shown; default: 2",
    )
    stalls(parser)
    simulator(parser)
    talk(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    from ..commands.profile import ProfileRequest, profile

    profile(
        ProfileRequest(
            build=request(chosen),
            prompt=chosen.prompt,
            tokens=chosen.tokens,
            memory=chosen.memory,
            stalls=chosen.stalls,
            seed=chosen.seed,
            threads=chosen.threads,
        ),
        console,
    )
