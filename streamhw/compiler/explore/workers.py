# SPDX-License-Identifier: Apache-2.0
"""Where choices are evaluated: here, in processes of this machine, or on a Dask cluster."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from ...errors import UserError
from .design_point import Choice
from .evaluate import Evaluator
from .objective import Outcome

__all__ = ["Evaluate", "on_dask", "on_processes"]

Evaluate = Callable[[Sequence[Choice]], list[Outcome]]
"""Outcomes of choices, in their order."""

_evaluator: Evaluator | None = None


def _begin(evaluator: Evaluator) -> None:
    global _evaluator
    _evaluator = evaluator


def _evaluate(choice: Choice) -> Outcome:
    assert _evaluator is not None
    return _evaluator(choice)


@contextmanager
def on_processes(evaluator: Evaluator, jobs: int) -> Iterator[Evaluate]:
    """``jobs`` processes; this one, if it is one job."""
    if jobs < 1:
        raise UserError(f"Jobs must be at least 1, not {jobs}")
    if jobs == 1:
        yield lambda choices: [evaluator(choice) for choice in choices]
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, (evaluator,)) as pool:
        yield lambda choices: list(pool.map(_evaluate, choices))


@contextmanager
def on_dask(evaluator: Evaluator, scheduler: str | None) -> Iterator[Evaluate]:
    """The workers of a Dask cluster, which must have streamhw installed.

    Raises ``UserError`` without an address or the package, or if no scheduler answers.
    """
    if scheduler is None:
        raise UserError("Engine dask must have the address of a scheduler, and none was given")
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "Engine dask must have the package distributed, which is not installed",
            hint='pip install "streamhw[dask]"',
        ) from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise UserError(
            f"Scheduler must answer at {scheduler}, but: {type(error).__name__}: {error}"
        ) from None
    with client:
        shared = client.scatter(evaluator, broadcast=True)

        def evaluate(choices: Sequence[Choice]) -> list[Outcome]:
            tasks = [client.submit(Evaluator.__call__, shared, choice) for choice in choices]
            return list(client.gather(tasks))

        yield evaluate
