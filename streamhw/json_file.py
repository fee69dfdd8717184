# SPDX-License-Identifier: Apache-2.0
"""Reads JSON that may be anything: whatever is wrong with it is one kind of error."""

import json
from pathlib import Path
from typing import Any

__all__ = ["load_json", "parse_json"]


def parse_json(text: str | bytes) -> Any:
    """The value of a text, with or without a byte order mark; raises ``ValueError``."""
    try:
        return json.loads(text.removeprefix("\ufeff") if isinstance(text, str) else text)
    except RecursionError:
        raise ValueError("it has lists in lists without end") from None


def load_json(file: Path) -> Any:
    """The value in a file of UTF-8 text.

    Raises ``FileNotFoundError`` if there is none, and ``ValueError`` for all else, also for a pipe,
    whose end would be waited for.
    """
    try:
        if file.exists() and not file.is_file():
            raise ValueError("it is a folder or a device")
        return parse_json(file.read_text(encoding="utf-8"))
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror, str(file)) from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
