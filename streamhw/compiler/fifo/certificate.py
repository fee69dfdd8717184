# SPDX-License-Identifier: Apache-2.0
"""Certificates of FIFO depths, and the checker that needs no linear program to believe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from ...errors import InternalError
from ...frozen_map import freeze
from .constraints import READ, SLACK, FifoProgram
from .event import Event

__all__ = ["Certificate", "verify"]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """That tasks which keep the rules of a program can run with these depths: a schedule.

    Theorem  Let tasks fire as soon as their inputs, their formulas and room allow. Every such
             condition says that an event comes some cycles after others, or after a weighted mean
             of them, so by induction no event comes later than in any schedule that keeps the
             conditions. A schedule exists, so every event comes: no deadlock, at whatever rates.
    """

    program: FifoProgram
    time: Mapping[Event, float]
    depth: Mapping[str, int]

    def __post_init__(self) -> None:
        freeze(self, "time", "depth")


def verify(certificate: Certificate) -> None:
    """Checks a certificate line by line: every rule, every beat's arrival, every beat's room.

    Raises  ``InternalError`` with the first inequality that does not hold
    """
    program, time = certificate.program, certificate.time
    for rule in program.rules:
        sum_ = sum(coefficient * time[event] for event, coefficient in rule.terms)
        if sum_ < rule.bound - 10 * SLACK:
            raise InternalError(f"Schedule must keep {rule}, not {sum_:g}")
    for stream in program.streams:
        writes, reads = stream.writes(time), stream.reads(time)
        for times in (writes, reads):
            if any(b < a for a, b in pairwise(times)):
                raise InternalError(f"Beats of {stream.name} must pass in order")
        for beat, written, read in zip(stream.beats, writes, reads, strict=True):
            if read < written + READ - 10 * SLACK:
                raise InternalError(
                    f"Beat {beat} of {stream.name} must be read after cycle {written:g}, "
                    f"not at {read:g}"
                )
        needed = stream.depth(time)
        if certificate.depth[stream.name] < needed:
            raise InternalError(
                f"Stream {stream.name} must have {needed} beats at {program.symbol_values}, "
                f"not {certificate.depth[stream.name]}"
            )
