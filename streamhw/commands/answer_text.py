# SPDX-License-Identifier: Apache-2.0
"""Text of an answer as it comes: byte for byte into files and pipes, safe on a terminal."""

import unicodedata

from rich.progress import Progress

from .show import Console

__all__ = ["AnswerText", "visible"]

_KEPT = "\n\t"
_HIDDEN = ("Cc", "Zl", "Zp")
_BIDIRECTIONAL = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Characters that change the direction of those around them."""


def visible(text: str) -> str:
    """The text with what would direct a terminal written out, such as ``\\x1b``."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in _KEPT:
        return character
    if (
        unicodedata.category(character) in _HIDDEN
        or unicodedata.bidirectional(character) in _BIDIRECTIONAL
    ):
        return character.encode("unicode_escape").decode()
    return character


class AnswerText:
    """Prints a prompt and what follows it. A quiet console gets the answer, and nothing else.

    Where lines can move, whole lines are printed above the progress display and the last one grows
    in it.
    """

    def __init__(self, console: Console, shown: Progress):
        self._console, self._shown = console, shown
        self._last = ""
        self._line = None
        if console.is_interactive and not console.quiet:
            self._line = shown.add_task("", total=None, detail="")

    def prompt(self, text: str) -> None:
        """Prints what the answer follows."""
        if not self._console.quiet:
            self.add(text)

    def add(self, text: str) -> None:
        """Prints the next piece."""
        if not text:
            return
        if self._line is None:
            self._write(visible(text) if self._console.is_terminal else text)
            self._last = text[-1]
            return
        *lines, self._last = (self._last + visible(text)).split("\n")
        for line in lines:
            self._console.print(line, soft_wrap=True)
        self._shown.update(self._line, description=self._last)

    def end(self) -> None:
        """Ends the line, except in a file or pipe that gets the answer only."""
        if self._line is not None:
            self._console.print(self._last, soft_wrap=True)
            self._shown.remove_task(self._line)
        elif not self._console.quiet or (self._console.is_terminal and self._last != "\n"):
            self._write("\n")

    def _write(self, text: str) -> None:
        """Past the console, which would change tabs and control characters."""
        file = self._console.file
        binary = getattr(file, "buffer", None)
        if binary is None:
            file.write(text)
        else:
            file.flush()
            binary.write(text.encode())
            binary.flush()
        file.flush()
