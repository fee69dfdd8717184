# SPDX-License-Identifier: Apache-2.0
"""FIFO depths: the token model, the linear program, certificates, and a simulator of tokens."""

from .certificate import Certificate, verify
from .constraints import (
    MINIMUM,
    READ,
    Behaviour,
    Equalization,
    FifoStream,
    Program,
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
    "Behaviour",
    "Certificate",
    "Depths",
    "Equalization",
    "Event",
    "FifoStream",
    "Program",
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
