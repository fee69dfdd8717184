# SPDX-License-Identifier: Apache-2.0
"""Reads a config.json key by key: what the graph cannot express is refused by its key."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ...errors import UserError
from ...numerics.functions import functions

__all__ = ["ConfigReader", "Values"]

Values = Mapping[str, Any]
"""A configuration, with the names of Hugging Face's config.json."""

_FUNCTIONS = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
}
"""Hugging Face's names of activation functions, and the graph's; others have one name in both."""

_MOST = 2**31 - 1
"""The greatest integer: none of a model that exists comes near, and shapes multiply them."""


@dataclass(frozen=True)
class ConfigReader:
    """The values of a configuration, checked as they are asked for.

    given: what the file says; source: what messages begin with
    defaults: what holds for keys that the file leaves out

    All methods raise ``UserError`` with source and key if a value is of another kind than they
    return, or is missing and has no default.
    """

    given: Values
    source: str
    defaults: Values = field(default_factory=dict)

    def value(self, key: str) -> object:
        """Whatever the key has; None if it is missing."""
        return self.given[key] if key in self.given else self.defaults.get(key)

    def integer(self, key: str, *, least: int = 1, most: int = _MOST) -> int:
        """An integer from ``least`` to ``most``."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            wanted = f"at least {least}" if most == _MOST else f"{least} to {most}"
            self.refuse(key, f"an integer of {wanted}")
        return value

    def optional(self, key: str) -> int | None:
        """A positive integer, or None for null."""
        return None if self.value(key) is None else self.integer(key)

    def number(self, key: str, *, above: float = 0.0) -> float:
        """A finite number above a bound."""
        value = self.value(key)
        # Integers of a file may be beyond all floats.
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not above < value <= sys.float_info.max
        ):
            self.refuse(key, f"a number above {above:g}")
        return float(value)

    def switch(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value

    def require(self, **wanted: object) -> None:
        """Refuses the first of these keys that has another value than ``wanted``; null and a
        missing key are as good as false."""
        for key, value in wanted.items():
            found = self.value(key)
            if found != value and not (found is None and value is False):
                self.refuse(key, _json(value))

    def function(self, key: str) -> str:
        """The graph's name of an activation function."""
        function = self.value(key)
        named = {**{name: name for name in functions()}, **_FUNCTIONS}
        if not isinstance(function, str) or function not in named:
            self.refuse(key, f"one of {', '.join(sorted(named))}")
        return named[function]

    def words(self, key: str, count: int) -> tuple[str, ...] | None:
        """The first ``count`` words of a list; None for null."""
        value = self.value(key)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) < count
            or not all(isinstance(word, str) for word in value)
        ):
            self.refuse(key, f"a list of {count} words or more")
        return tuple(value[:count])

    def section(self, key: str, defaults: Values | None = None) -> "ConfigReader | None":
        """A configuration within this one; None for null."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, "an object or null")
        return ConfigReader(value, f"{self.source}: {key}", defaults or {})

    def refuse(self, key: str, wanted: str) -> NoReturn:
        """Raises ``UserError`` for a key that must be something else."""
        missing = key not in self.given and key not in self.defaults
        given = "missing" if missing else _json(self.value(key))
        raise UserError(f"{self.source}: {key} must be {wanted}, not {given}")


def _json(value: object) -> str:
    """As it stands in the file, but never more than a line."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
