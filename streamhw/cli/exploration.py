# SPDX-License-Identifier: Apache-2.0
"""Options of an exploration, which ``explore`` and ``build`` share."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..commands.build import BuildRequest
    from ..commands.explore import ExploreRequest

__all__ = ["check_unexplored", "exploration", "explored"]

TRIALS, SEED, JOBS, ENGINE = 300, 0, 1, "local"
"""What an exploration takes where nothing is typed."""


def exploration(parser: argparse.ArgumentParser, *, seed: str = "--explore-seed") -> None:
    """What an exploration looks for, and how long."""
    group = parser.add_argument_group("exploration")
    group.add_argument(
        "--optimize",
        choices=("latency", "throughput", "area"),
        help="the best design for cycles of an answer, cycles of a token, or cells",
    )
    group.add_argument(
        "--rate",
        type=float,
        metavar="TOK/S",
        help="tokens a second to reach at the board's clock, with least area unless --optimize "
        "says otherwise",
    )
    group.add_argument(
        "--trials", type=int, default=TRIALS, metavar="N", help="choices to try; default: 300"
    )
    group.add_argument(
        seed,
        dest="explore_seed",
        type=int,
        default=SEED,
        metavar="S",
        help="of the search; default: 0",
    )
    group.add_argument(
        "--jobs", type=int, default=JOBS, metavar="N", help="local processes; default: 1"
    )
    group.add_argument(
        "--engine", choices=("local", "dask"), default=ENGINE, help="where; default: local"
    )
    group.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster")


def check_unexplored(chosen: argparse.Namespace) -> None:
    """Raises ``UserError`` for an option of an exploration where none is asked for."""
    from ..errors import UserError

    given = {
        "--trials": chosen.trials != TRIALS,
        "--explore-seed": chosen.explore_seed != SEED,
        "--jobs": chosen.jobs != JOBS,
        "--engine": chosen.engine != ENGINE,
        "--scheduler": chosen.scheduler is not None,
    }
    for option, typed in given.items():
        if typed:
            raise UserError(f"Option {option} must come with --optimize or --rate, and does not")


def explored(
    chosen: argparse.Namespace,
    build: "BuildRequest",
    prompt: int | None = None,
    tokens: int | None = None,
) -> "ExploreRequest":
    """What ``exploration`` options were typed."""
    from ..commands.explore import ExploreRequest
    from ..compiler.explore.objective import Objective

    return ExploreRequest(
        build=build,
        objective=Objective(chosen.optimize or ("latency" if chosen.rate is None else "area")),
        rate=chosen.rate,
        trials=chosen.trials,
        seed=chosen.explore_seed,
        prompt=prompt,
        tokens=tokens,
        jobs=chosen.jobs,
        engine=chosen.engine,
        scheduler=chosen.scheduler,
    )
