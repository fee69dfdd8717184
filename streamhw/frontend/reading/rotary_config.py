# SPDX-License-Identifier: Apache-2.0
"""Rotary angles as config.json describes them: of transformers 4 and 5, for each type of layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ...graph import Scaling
from .config_reader import ConfigReader
from .yarn import yarn_scaling

__all__ = ["LAYER_TYPES", "RotaryConfig", "bases_and_scalings", "in_turn", "rotary_of"]

T = TypeVar("T")

LAYER_TYPES = ("full_attention", "sliding_attention")
"""Types of layers in ``layer_types`` and ``rope_parameters``."""


@dataclass(frozen=True, kw_only=True)
class RotaryConfig:
    """Base and scaling of the frequencies, as ``Angles`` has them."""

    base: float
    scaling: Scaling | None = None


def rotary_of(
    reader: ConfigReader, head_dim: int, layer_type: str = LAYER_TYPES[0]
) -> RotaryConfig:
    """The angles of a type of layer, of heads of ``head_dim`` features.

    Transformers 5 writes ``rope_parameters``, with an object for each type of layer where they
    differ; transformers 4 writes ``rope_theta`` and ``rope_scaling``. The reader's default of
    ``rope_theta`` is the family's.

    Raises ``UserError`` for scalings other than linear, that of Llama 3 and YaRN, and for heads of
    which only a part is rotated.
    """
    outer = {"rope_theta": reader.value("rope_theta"), "partial_rotary_factor": 1.0}
    if (partial := reader.value("partial_rotary_factor")) is not None:
        outer["partial_rotary_factor"] = partial
    found = reader.section("rope_scaling", outer) or reader.section("rope_parameters", outer)
    if found is None:
        found = ConfigReader({}, reader.source, outer)
    elif any(name in found.given for name in LAYER_TYPES):
        found = found.section(layer_type, outer) or ConfigReader({}, found.source, outer)
    found.require(partial_rotary_factor=1.0)
    kind = "rope_type" if "rope_type" in found.given else "type"
    base = found.number("rope_theta", above=1.0)
    match found.value(kind) or "default":
        case "default":
            return RotaryConfig(base=base)
        case "linear":
            return RotaryConfig(base=base, scaling=(_factor(found), 0.0, 0.0))
        case "llama3":
            return RotaryConfig(base=base, scaling=_llama3(found, reader))
        case "yarn":
            scaling = yarn_scaling(found, reader, base=base, head_dim=head_dim)
            return RotaryConfig(base=base, scaling=scaling)
    found.refuse(kind, "one of default, linear, llama3, yarn")


def _factor(found: ConfigReader) -> float:
    factor = found.number("factor")
    if factor < 1:
        found.refuse("factor", "a number of at least 1")
    return factor


def _llama3(found: ConfigReader, reader: ConfigReader) -> Scaling:
    key = "original_max_position_embeddings"
    trained = (
        found.integer(key) if key in found.given else reader.integer("max_position_embeddings")
    )
    low, high = found.number("low_freq_factor"), found.number("high_freq_factor")
    if high <= low:
        found.refuse("high_freq_factor", f"a number above low_freq_factor ({low:g})")
    return (_factor(found), trained / high, trained / low)


def bases_and_scalings(
    layers: Sequence[RotaryConfig],
) -> tuple[tuple[float, ...], tuple[Scaling, ...]]:
    """Bases and scalings that layers take in turn, of the shortest period that gives ``layers``."""
    turn = in_turn(layers)
    bases = tuple(layer.base for layer in turn)
    if all(layer.scaling is None for layer in turn):
        return _once(bases), ()
    return _once(bases), _once(tuple(layer.scaling or (1.0, 0.0, 0.0) for layer in turn))


def in_turn(layers: Sequence[T]) -> tuple[T, ...]:
    """What layers take in turn: the shortest sequence that, repeated, gives ``layers``."""
    values = list(layers)
    count = len(values)
    period = next(n for n in range(1, count + 1) if values == [values[i % n] for i in range(count)])
    return tuple(values[:period])


def _once(values: tuple[T, ...]) -> tuple[T, ...]:
    """One value where all are equal."""
    return values[:1] if len(set(values)) == 1 else values
