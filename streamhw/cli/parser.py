# SPDX-License-Identifier: Apache-2.0
"""The parser of the command line: names what somebody may have meant by an unknown word."""

import argparse
import re
from collections.abc import Iterator
from typing import NoReturn

from ..errors import UserError
from ..near_names import did_you_mean

__all__ = ["Parser", "ScriptParser"]

_UNKNOWN = re.compile(r"^unrecognized arguments: .*?(?<!\S)(--[^\s=]+)")
_NO_CHOICE = re.compile(r"invalid choice: '(?P<word>.*)' \(choose from (?P<known>.*)\)$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """``ArgumentParser`` whose errors have a hint where a known word is like the one that was
    typed."""

    def error(self, message: str) -> NoReturn:
        hint = self._hint(message)
        super().error(message if hint is None else f"{message}\nhint: {hint}")

    def _hint(self, message: str) -> str | None:
        if (found := _UNKNOWN.search(message)) is not None:
            return did_you_mean(found[1], self._options())
        if (found := _NO_CHOICE.search(message)) is not None:
            return did_you_mean(found["word"], re.findall(r"[^\s',]+", found["known"]))
        return None

    def _options(self) -> Iterator[str]:
        """Long options, those of commands too."""
        for action in self._actions:
            yield from (option for option in action.option_strings if option.startswith("--"))
            if isinstance(action, argparse._SubParsersAction):
                for other in action.choices.values():
                    if isinstance(other, Parser):
                        yield from other._options()


class ScriptParser(Parser):
    """A parser whose errors are ``UserError``, as all others: scripts read no usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message, hint=self._hint(message))
