# SPDX-License-Identifier: Apache-2.0
"""generation_config.json: beside config.json, it says which tokens begin and end a text."""

import json
from pathlib import Path

from ..errors import UserError
from .config_values import Values

__all__ = ["with_generation_config"]

_KEYS = ("bos_token_id", "eos_token_id")


def with_generation_config(values: Values, directory: Path) -> Values:
    """The configuration with what the directory's generation_config.json says instead, if there is
    one; raises ``UserError`` if it is no JSON object."""
    file = directory / "generation_config.json"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return values
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: the file must be JSON ({error})") from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: the file must be JSON ({error})") from None
    if not isinstance(found, dict):
        raise UserError(f"{file}: the file must hold a JSON object")
    return {**values, **{key: found[key] for key in _KEYS if found.get(key) is not None}}
