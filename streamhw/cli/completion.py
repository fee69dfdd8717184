# SPDX-License-Identifier: Apache-2.0
"""Scripts that complete commands, options, models, boards and build folders in a shell."""

import argparse
from collections.abc import Callable, Mapping

from .bash_completion import bash_script
from .zsh_completion import zsh_script

__all__ = ["SHELLS", "script_for"]

SHELLS: Mapping[str, Callable[[argparse.ArgumentParser], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
}
"""What makes the script of each shell; names in it are those of what is installed now."""


def script_for(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script of one of ``SHELLS``."""
    return SHELLS[shell](parser)
