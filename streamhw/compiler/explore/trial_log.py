# SPDX-License-Identifier: Apache-2.0
"""What has been tried, one line of JSON each, so that an exploration that stopped goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from ...errors import UserError
from ...json_file import parse_json
from ...whole_file import write_whole
from ..ir.json_codec import decode, encode
from .design_point import Choice
from .objective import Invalid, Outcome, Score

__all__ = ["Journal"]


class Journal:
    """Outcomes by choice, in memory and in a file that only grows.

    The first line says what they are outcomes of; lines that are damaged are dropped: those
    choices are tried again.
    """

    def __init__(self, file: Path, about: Mapping[str, Any]):
        """Reads the file if it exists. Raises ``UserError`` if it is about something else, or
        cannot be read or written."""
        self.outcomes: dict[str, Outcome] = {}
        self._file = file
        head = json.dumps({"about": about}, sort_keys=True)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text(errors="replace") if file.is_file() else ""
        except OSError as error:
            self._refuse(error)
        lines = text.split("\n")
        if len(lines) > 1 and lines[0] != head:
            raise UserError(
                f"Exploration {file} must be of the same model, board, compiler and answer, and "
                "it is not",
                hint="choose another folder with -o, or delete that file",
            )
        kept = [head]
        for line in lines[1:-1]:
            try:
                choice, outcome = _read(line)
            except (ValueError, TypeError, LookupError):
                continue
            self.outcomes[choice.key] = outcome
            kept.append(line)
        whole = "".join(f"{line}\n" for line in kept)
        if text != whole:
            write_whole(file, whole)

    def add(self, choice: Choice, outcome: Outcome) -> None:
        """Keeps an outcome."""
        self.outcomes[choice.key] = outcome
        if isinstance(outcome, Invalid):
            what = {"invalid": outcome.reason}
        else:
            what = {"score": encode(outcome)}
        try:
            with self._file.open("a") as file:
                file.write(json.dumps({"choice": encode(choice), **what}) + "\n")
        except OSError as error:
            self._refuse(error)

    def _refuse(self, error: OSError) -> NoReturn:
        raise UserError(
            f"Exploration must be written to {self._file}, but: {error.strerror}"
        ) from None


def _read(line: str) -> tuple[Choice, Outcome]:
    """A choice and what came of it; raises what a damaged line leads to."""
    data = parse_json(line)
    choice = decode(Choice, data["choice"])
    if "invalid" in data:
        return choice, Invalid(str(data["invalid"]))
    return choice, decode(Score, data["score"])
