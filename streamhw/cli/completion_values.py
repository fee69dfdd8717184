# SPDX-License-Identifier: Apache-2.0
"""What can be said of an argument on the command line before it is typed: for completion."""

import argparse

__all__ = ["BUILDS", "FILES", "commands_of", "positionals", "values"]

BUILDS = frozenset({"folder"})
"""Arguments that are build folders."""
FILES = frozenset(
    {"model", "board", "output", "weights", "calibration", "text", "dump", "design"}
    | {"decisions", "checkpoint", "resume", "waves"}
)
"""Arguments that may be files or folders."""


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of all commands, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Arguments that are no options and no command."""
    return [
        action
        for action in parser._actions
        if not action.option_strings and not isinstance(action, argparse._SubParsersAction)
    ]


def values(action: argparse.Action) -> list[str]:
    """What an argument may be, as far as it can be listed: of what is installed now."""
    from ..boards.base import BOARDS
    from ..boards.base import GROUP as BOARD_GROUP
    from ..boards.memory.catalog import GROUP as MEMORY_GROUP
    from ..boards.memory.catalog import MEMORIES
    from ..compiler.stage_list import STAGE_LIST
    from ..extensions import extensions
    from ..frontend.shapes import SHAPES
    from ..frontend.zoo import CHECKPOINTS

    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.dest == "model":
        return sorted({*CHECKPOINTS, *SHAPES})
    if action.dest == "board":
        return [*BOARDS, *(found.name for found in extensions(BOARD_GROUP, object))]
    if action.dest == "memory":
        return [*MEMORIES, *(found.name for found in extensions(MEMORY_GROUP, object))]
    return list(STAGE_LIST) if action.dest in ("stop", "begin") else []
