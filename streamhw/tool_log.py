# SPDX-License-Identifier: Apache-2.0
"""How other programs are called and what they say, for whoever looks: logger ``streamhw.tools``."""

import logging
import shlex
from collections.abc import Sequence

__all__ = ["LOGGER", "log_call", "log_output"]

LOGGER = logging.getLogger("streamhw.tools")
"""Calls have the level INFO, output DEBUG."""


def log_call(command: Sequence[str]) -> None:
    """A program is about to be called, by a line that a shell would take."""
    LOGGER.info("%s", shlex.join(command))


def log_output(*texts: str) -> None:
    """What a program said on its standard output and standard error."""
    for text in texts:
        for line in text.splitlines():
            LOGGER.debug("%s", line)
