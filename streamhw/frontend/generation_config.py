# SPDX-License-Identifier: Apache-2.0
"""generation_config.json: beside config.json, it says which tokens begin and end a text."""

from pathlib import Path

from .reading.config_reader import Values
from .reading.json_file import read_json

__all__ = ["with_generation_config"]

_KEYS = ("bos_token_id", "eos_token_id")


def with_generation_config(values: Values, directory: Path) -> Values:
    """The configuration with what the directory's generation_config.json says instead, if there is
    one; raises ``UserError`` if it is no JSON object."""
    file = directory / "generation_config.json"
    if not file.exists():
        return values
    found = read_json(file)
    return {**values, **{key: found[key] for key in _KEYS if found.get(key) is not None}}
