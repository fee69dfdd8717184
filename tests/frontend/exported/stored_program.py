# SPDX-License-Identifier: Apache-2.0
"""Programs as plain data: those of graphs.json, and small ones that tests write."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamhw.frontend.exported.call import Call, Reference
from streamhw.frontend.exported.constant import Constant

__all__ = ["FACTS", "StoredProgram", "constant", "parameter", "stored"]

HERE = Path(__file__)
FACTS: dict[str, Any] = json.loads(HERE.with_name("graphs.json").read_text())
LOGITS = run_path(str(HERE.parents[3] / "scripts" / "family_logits.py"))
VALUES: Callable[[str, tuple[int, ...]], NDArray[np.float32]] = LOGITS["values_of"]


@dataclass(frozen=True, eq=False)
class StoredProgram:
    """A program of which nothing is left to compute."""

    calls: Sequence[Call]
    given: Mapping[str, Constant] = field(default_factory=dict)
    source: str = "program"
    tokens: str = "ids"
    token_shape: tuple[int, ...] = (1, 0)
    result: str = "logits"
    least_rows: int = 6
    most_rows: int | None = 6

    def constants(self, rows: int) -> Mapping[str, Constant]:
        return self.given

    def evaluate(self, call: Call, arguments: tuple[object, ...]) -> object:
        raise AssertionError(f"{call.name} must depend on the tokens")


def constant(values: NDArray[Any], *names: str, **more: bool) -> Constant:
    return Constant(native=values, shape=values.shape, load=lambda: values, names=names, **more)


def parameter(name: str, *shape: int) -> Constant:
    """A trained tensor with the values of its name."""
    return constant(VALUES(name, shape), name, whole=True)


def stored(name: str) -> StoredProgram:
    """A program of graphs.json."""
    facts = FACTS["programs"][name]
    calls = [
        Call(
            name=call["name"],
            op=call["op"],
            arguments=_argument(call["arguments"]),
            place=call["place"],
        )
        for call in facts["calls"]
    ]
    given = {key: _constant(described) for key, described in facts["constants"].items()}
    return StoredProgram(
        calls,
        given,
        tokens=facts["tokens"],
        token_shape=tuple(facts["token_shape"]),
        result=facts["result"],
        least_rows=facts["rows"],
        most_rows=facts["rows"],
    )


def _argument(value: Any) -> Any:
    if isinstance(value, dict):
        return Reference(value["value"])
    return tuple(_argument(part) for part in value) if isinstance(value, list) else value


def _constant(described: dict[str, Any]) -> Constant:
    names, shape = tuple(described["names"]), tuple(described["shape"])
    if "flat" not in described:
        # Of the names of a tied tensor the module's own has the values.
        own = shape[::-1] if described["transposed"] else shape
        values = VALUES(names[0], own)
        if described["transposed"]:
            return constant(values.T, *names, whole=False, transposed=True)
        return constant(values, *names, whole=True)
    flat = np.array(described["flat"])
    if described["kind"] == "complex":
        pairs = flat.reshape(*shape, 2)
        return constant(pairs[..., 0] + 1j * pairs[..., 1], *names)
    kind = np.bool_ if described["kind"] == "bool" else np.float32
    return constant(flat.astype(kind).reshape(shape), *names)
