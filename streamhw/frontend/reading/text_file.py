# SPDX-License-Identifier: Apache-2.0
"""Reads a text of the user's."""

from pathlib import Path

from ...errors import UserError

__all__ = ["read_text"]


def read_text(file: Path) -> str:
    """The text of a file; raises ``UserError`` if it is none, or empty."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: the file must be readable UTF-8 text ({error})") from None
    if not text.strip():
        raise UserError(f"{file}: the file must hold text, and is empty")
    return text
