# SPDX-License-Identifier: Apache-2.0
"""What has been tried, one line of JSON each, so that an exploration that stopped goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import UserError
from ..ir.json_codec import decode, encode
from .design_point import Choice
from .objective import Invalid, Outcome, Score

__all__ = ["Journal"]


class Journal:
    """Outcomes by choice, in memory and in a file that only grows.

    The first line says what they are outcomes of; a last line that was cut off is dropped.
    """

    def __init__(self, file: Path, about: Mapping[str, Any]):
        """Reads the file if it exists. Raises ``UserError`` if it is about something else."""
        self.outcomes: dict[str, Outcome] = {}
        self._file = file
        head = json.dumps({"about": about}, sort_keys=True)
        lines = file.read_text().split("\n") if file.is_file() else []
        complete = lines[:-1]
        if complete and complete[0] != head:
            raise UserError(
                f"Exploration {file} must be of the same model, board, compiler and answer, and "
                "it is not",
                hint="choose another folder with -o, or delete that file",
            )
        for line in complete[1:]:
            data = json.loads(line)
            outcome: Outcome = (
                Invalid(data["invalid"]) if "invalid" in data else decode(Score, data["score"])
            )
            self.outcomes[decode(Choice, data["choice"]).key] = outcome
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{line}\n" for line in complete or [head]))
        except OSError as error:
            raise UserError(
                f"Exploration must be written to {file}, but: {error.strerror}"
            ) from None

    def add(self, choice: Choice, outcome: Outcome) -> None:
        """Keeps an outcome."""
        self.outcomes[choice.key] = outcome
        if isinstance(outcome, Invalid):
            what = {"invalid": outcome.reason}
        else:
            what = {"score": encode(outcome)}
        with self._file.open("a") as file:
            file.write(json.dumps({"choice": encode(choice), **what}) + "\n")
