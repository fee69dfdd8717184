# SPDX-License-Identifier: Apache-2.0
"""Values of a config.json, each refused in a sentence if it is not what the graph can express."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError
from ..numerics.functions import functions

__all__ = ["Values", "function_of", "integers", "require"]

Values = Mapping[str, Any]

_FUNCTIONS = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu": "gelu_erf",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
}
"""Hugging Face's names of activation functions, and the graph's; others have one name in both."""


def integers(values: Values, names: Sequence[str], source: str) -> list[int]:
    """The integers of these names; raises ``UserError`` for the first that is missing or none."""
    for name in names:
        if not isinstance(values.get(name), int):
            raise UserError(f"{source}: {name} must be an integer, not {values.get(name)}")
    return [values[name] for name in names]


def require(values: Values, wanted: Values, source: str) -> None:
    """Raises ``UserError`` for the first switch that is set, and not as wanted."""
    for switch, value in wanted.items():
        if values.get(switch, value) != value:
            said = "null" if value is None else str(value).lower()
            raise UserError(f"{source}: {switch} must be {said}, not {values[switch]}")


def function_of(values: Values, key: str, default: str, source: str) -> str:
    """The graph's name of the activation function; raises ``UserError`` if there is none."""
    function = values.get(key, default)
    named = {**{name: name for name in functions()}, **_FUNCTIONS}
    if function not in named:
        known = ", ".join(sorted(named))
        raise UserError(f"{source}: {key} must be one of {known}, not {function!r}")
    return named[function]
