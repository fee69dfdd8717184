# SPDX-License-Identifier: Apache-2.0
"""Calls of other programs on standard error, as ``-v`` asks for."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..tool_log import LOGGER

__all__ = ["tool_lines"]


@contextmanager
def tool_lines(verbosity: int) -> Iterator[None]:
    """Inside, standard error has how tools are called from 1 on, and what they say from 2 on."""
    if verbosity < 1:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    before = LOGGER.level
    LOGGER.setLevel(logging.INFO if verbosity == 1 else logging.DEBUG)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(before)
