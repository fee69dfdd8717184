# SPDX-License-Identifier: Apache-2.0
"""A script for bash that completes commands, options, models, boards and build folders."""

import argparse
import shlex
from collections.abc import Iterable, Iterator

from .completion_values import BUILDS, FILES, commands_of, positionals, values

__all__ = ["bash_script"]

HEAD = """\
# Completion of streamhw for bash: eval "$(streamhw --print-completion bash)"
_streamhw() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local at command= words= files= builds=
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ ${COMP_WORDS[at]} != -* ]]; then command=${COMP_WORDS[at]}; break; fi
  done
  case "$command:$before" in
"""

TAIL = """\
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ -n $builds ]]; then
    local manifest
    while IFS= read -r manifest; do
      COMPREPLY+=("${manifest%/manifest.json}")
    done < <(compgen -G "$word*/manifest.json"; compgen -G "$word*/*/manifest.json")
  fi
  if [[ -n $files ]]; then
    compopt -o filenames
    local file
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$word")
  fi
}
complete -F _streamhw streamhw
"""


def bash_script(parser: argparse.ArgumentParser) -> str:
    """The script; names of models, boards and memories are those that are installed now."""
    commands = commands_of(parser)
    lines = list(_options("", parser))
    for name, command in commands.items():
        lines += _options(name, command)
    # An argument that is no value of an option: what the case before has not caught.
    for name, command in commands.items():
        lines.append(_case(f"{name}:*", positionals(command), command))
    lines.append(_case("*", None, parser, more=commands))
    return HEAD + "".join(lines) + TAIL


def _options(command: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """A case for each option that takes a value."""
    for action in parser._actions:
        if action.option_strings and action.nargs != 0:
            pattern = "|".join(f"{command}:{option}" for option in action.option_strings)
            yield f"    {pattern}) {_assign([action], [])} ;;\n"


def _case(
    pattern: str,
    arguments: list[argparse.Action] | None,
    parser: argparse.ArgumentParser,
    more: Iterable[str] = (),
) -> str:
    options = [option for action in parser._actions for option in action.option_strings]
    return f"    {pattern}) {_assign(arguments or [], [*more, *options])} ;;\n"


def _assign(actions: list[argparse.Action], words: list[str]) -> str:
    """What the shell's variables get where one of these arguments may stand."""
    offered = [word for action in actions for word in values(action)] + words
    parts = [f"words={shlex.quote(' '.join(offered))}"]
    parts += [f"files={int(any(a.dest in FILES for a in actions)) or ''}"]
    parts += [f"builds={int(any(a.dest in BUILDS for a in actions)) or ''}"]
    return " ".join(parts)
