# SPDX-License-Identifier: Apache-2.0
"""A script for zsh that completes commands, options, models, boards and build folders, and says
what each of them is."""

import argparse
import shlex
from collections.abc import Iterable, Iterator

from .completion_values import BUILDS, FILES, commands_of, positionals, values

__all__ = ["zsh_script"]

HEAD = """\
# Completion of streamhw for zsh, behind compinit: eval "$(streamhw --print-completion zsh)"

_streamhw_builds() {
  local -a found
  found=(*/manifest.json(N:h) */*/manifest.json(N:h))
  _wanted builds expl 'build folder' compadd -a found
}
"""

MAIN = """
_streamhw() {{
  local curcontext=$curcontext state line
  typeset -A opt_args
{}
  if [[ $state == argument ]] && (( $+functions[_streamhw-$words[1]] )); then
    _streamhw-$words[1]
  fi
}}
compdef _streamhw streamhw
"""


def zsh_script(parser: argparse.ArgumentParser) -> str:
    """The script; names of models, boards and memories are those that are installed now."""
    commands = commands_of(parser)
    parsers = (parser, *commands.values())
    named = {a.dest: a for each in parsers for a in each._actions if a.choices is None}
    parts = [HEAD]
    for name, action in sorted(named.items()):
        if listed := values(action):
            choices = _call("_alternative", _alternatives(action, listed))
            parts.append(_function(f"_streamhw_{name}", choices))
    described = [f"{name}:{said}" for name, said in _summaries(parser)]
    shown = "  _describe -t commands command known"
    known = f"  local -a known=({' '.join(map(shlex.quote, described))})"
    parts.append(_function("_streamhw_commands", f"{known}\n{shown}"))
    for name, command in commands.items():
        parts.append(_function(f"_streamhw-{name}", _call("_arguments", _specs(command))))
    whole = [*_specs(parser), "1: :_streamhw_commands", "*:: :->argument"]
    parts.append(MAIN.format(_call("_arguments -C", whole)))
    return "".join(parts)


def _function(name: str, body: str) -> str:
    return f"\n{name}() {{\n{body}\n}}\n"


def _call(what: str, arguments: Iterable[str]) -> str:
    return " \\\n    ".join((f"  {what}", *map(shlex.quote, arguments)))


def _summaries(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """All commands, and a line on each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action._choices_actions:
                yield command.dest, _plain(command)


def _specs(parser: argparse.ArgumentParser) -> Iterator[str]:
    """What ``_arguments`` is told of each option and argument."""
    for action in parser._actions:
        for option in action.option_strings:
            yield (
                f"{_beside(action)}{option}{_takes(action, option)}[{_escaped(_plain(action))}]"
                + ("" if action.nargs == 0 else f":{_message(action)}:{_offered(action)}")
            )
    for place, action in enumerate(positionals(parser), 1):
        colons = "::" if action.nargs == "?" else ":"
        yield f"{place}{colons}{_message(action)}:{_offered(action)}"


def _beside(action: argparse.Action) -> str:
    """That it may be given again, or which options it rules out."""
    if isinstance(action, argparse._AppendAction | argparse._CountAction):
        return "*"
    return f"({' '.join(action.option_strings)})"


def _takes(action: argparse.Action, option: str) -> str:
    """How the value follows: in the next word, or in the same one."""
    if action.nargs == 0:
        return ""
    return "=" if option.startswith("--") else "+"


def _message(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else None
    return _escaped(metavar or action.dest)


def _offered(action: argparse.Action) -> str:
    """What completes a value; a blank if nobody can know it."""
    if action.choices is not None:
        return f"({' '.join(values(action))})"
    if values(action):
        return f"_streamhw_{action.dest}"
    if action.dest in BUILDS:
        return "_streamhw_builds"
    return "_files" if action.dest in FILES else " "


def _alternatives(action: argparse.Action, listed: list[str]) -> Iterator[str]:
    yield f"names:{action.dest}:({' '.join(map(_escaped, listed))})"
    if action.dest in FILES:
        yield "files:file:_files"


def _plain(action: argparse.Action) -> str:
    """The help in one line, as argparse shows it."""
    return str(action.help or "").replace("%%", "%")


def _escaped(text: str) -> str:
    """For brackets and between colons."""
    for character in "\\:[]":
        text = text.replace(character, f"\\{character}")
    return text
