# SPDX-License-Identifier: Apache-2.0
"""What a user of a build should not pass over: random weights, quality, caches, shallow FIFOs."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..api.build import Build
from ..errors import DoesNotFitError
from ..frontend import Model, Origin
from ..quantization.format_options import format_options
from ..reference.quality import QUALITY_BOUND
from ..report.facts import Facts
from .show import Console, warn

__all__ = [
    "context_hinted",
    "note_origin",
    "warn_of_context",
    "warn_of_depths",
    "warn_of_quality",
]

LONG = 1024
"""Positions that need no explanation: models by name are built for as many."""


def note_origin(model: Model, console: Console) -> None:
    """Says whose weights they are, and what else is to be known before a build."""
    for note in model.notes:
        warn(console, note)
    if model.origin is Origin.RANDOM:
        warn(
            console,
            f"{model.name}: no weights were given, so they are seeded random ones: cycles and "
            "cells are real, the text is not",
        )


def warn_of_quality(
    built: Build, named: Sequence[str], part: Sequence[str], console: Console
) -> None:
    """Says that quantization costs more than the bound, and how to see why.

    named, part: arguments of a command for this model and board, and for the part of the model
    """
    found, chosen = built.quality, built.config.quantization
    if found is None or found.within_bounds:
        return
    command = shlex.join([*named, *part, *format_options(chosen)])
    warn(
        console,
        f"{built.model.name}: quantization costs {found.nats:.2f} nats a token (bound "
        f"{QUALITY_BOUND:g}); this shows why: python -m streamhw doctor {command}",
    )


@contextmanager
def context_hinted(model: Model) -> Iterator[None]:
    """Says of a design that does not fit that a long context is part of what it needs."""
    try:
        yield
    except DoesNotFitError as error:
        if error.hint is None and model.graph.context > LONG:
            error.hint = (
                f"buffers and caches are for {model.graph.context:,} positions: --context N "
                "builds for fewer"
            )
        raise


def warn_of_context(built: Build, console: Console) -> None:
    """Says that caches are larger than all parameters."""
    plan = built.netlist.memory
    if plan.working > plan.stored:
        warn(
            console,
            f"{built.model.name}: caches for {built.model.graph.context:,} positions take "
            f"{plan.working:,} bytes, all parameters {plan.stored:,}: --context N builds for fewer",
        )


def warn_of_depths(facts: Facts, console: Console) -> None:
    """Says which queues were decided to be less deep than the linear program wants, or than it
    may have."""
    streams = {stream.name: stream for stream in facts.streams}
    for flow in facts.flows:
        stream = streams[flow.stream]
        wanted = flow.depth if stream.most is None else min(flow.depth, stream.most)
        if stream.depth < wanted:
            warn(
                console,
                f"FIFO {flow.stream} has {stream.depth:,} beats by decision, the "
                f"program wants {wanted:,}: the design may be slower, or wait for ever",
            )
