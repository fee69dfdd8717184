# SPDX-License-Identifier: Apache-2.0
"""FIFO depths: the timing model, the linear program, certificates, and a simulator of beats."""

from .certificate import Certificate, verify
from .constraints import (
    MINIMUM,
    READ,
    Equalization,
    FifoProgram,
    FifoStream,
    Profile,
    Rule,
    depth_of,
    max_tokens,
    waiting_beats,
)
from .event import FIRST, LAST, Event, Side, ends
from .linear_program import Depths, earliest, schedule, size_fifos

__all__ = [
    "FIRST",
    "LAST",
    "MINIMUM",
    "READ",
    "Certificate",
    "Depths",
    "Equalization",
    "Event",
    "FifoProgram",
    "FifoStream",
    "Profile",
    "Rule",
    "Side",
    "depth_of",
    "earliest",
    "ends",
    "max_tokens",
    "schedule",
    "size_fifos",
    "verify",
    "waiting_beats",
]
