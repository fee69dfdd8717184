# SPDX-License-Identifier: Apache-2.0
"""What a command leaves in a build folder for the commands after it: data as JSON."""

import json
from pathlib import Path
from typing import Any, TypeVar

from ..compiler.ir.json_codec import decode, encode
from ..errors import UserError
from ..json_file import load_json

__all__ = ["kept_text", "load_kept"]

T = TypeVar("T")


def kept_text(found: Any) -> str:
    """The text of the file."""
    return json.dumps(encode(found), indent=1) + "\n"


def load_kept(kind: type[T], file: Path, *, wrote: str, again: str) -> T | None:
    """What the file holds, if there is one.

    wrote: the command that writes it; again: what the user does to have it anew

    Raises ``UserError`` if the file is damaged.
    """
    try:
        return decode(kind, load_json(file))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(
            f"File {file} must be what `{wrote}` wrote, but: {error}",
            hint=f"delete it, or {again}",
        ) from None
