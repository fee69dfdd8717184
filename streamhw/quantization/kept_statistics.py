# SPDX-License-Identifier: Apache-2.0
"""Statistics of seeded random weights, measured once and kept in the user's cache folder."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cache import TextCache, default_cache
from ..content_key import content_key
from ..frontend.weights import RandomWeights
from ..graph import Floats, Graph
from .calibrate import calibrate_shape
from .rules import QuantizationRules
from .statistics import Moments, Statistics

__all__ = ["kept_statistics"]


def kept_statistics(
    graph: Graph,
    weights: RandomWeights,
    tokens: NDArray[np.int64],
    rules: QuantizationRules,
    *,
    source: str,
    cache: TextCache | None = None,
) -> Statistics:
    """``calibrate_shape``, or what it gave before for the same arguments and the same code.

    cache: by default in the user's cache folder
    """
    cache = cache or TextCache(default_cache() / "statistics")
    measured = {op: (rule.measured, rule.known_peaks) for op, rule in rules.items()}
    key = content_key(
        "statistics", np.__version__, graph, weights.identity, tokens, measured, source
    )
    if key is not None and (text := cache.get(key)) is not None:
        known = _read(text)
        if known is not None:
            return known
    found = calibrate_shape(graph, weights, tokens, rules, source=source)
    if key is not None:
        cache.put(key, _written(found))
    return found


def _written(statistics: Statistics) -> str:
    return json.dumps(
        {
            "source": statistics.source,
            "tokens": statistics.tokens,
            "largest": [[*key, _text(peak)] for key, peak in statistics.largest.items()],
            "moments": [
                [*key, _text(moments.mean), _text(moments.square)]
                for key, moments in statistics.moments.items()
            ],
        }
    )


def _read(text: str) -> Statistics | None:
    """None if the text is damaged."""
    try:
        found = json.loads(text)
        return Statistics(
            largest=_by_key(found["largest"]),
            moments={
                (name, layer): Moments(mean=_floats(mean), square=_floats(square), outer=None)
                for name, layer, mean, square in found["moments"]
            },
            inner={},  # of trained weights only
            source=found["source"],
            tokens=found["tokens"],
        )
    except (ValueError, KeyError, TypeError):
        return None


def _by_key(rows: Sequence[Sequence[Any]]) -> dict[tuple[str, int | None], Floats]:
    return {(name, layer): _floats(peak) for name, layer, peak in rows}


def _text(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _floats(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)
