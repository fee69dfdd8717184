# SPDX-License-Identifier: Apache-2.0
"""How far logits are from those of the float model, in one number that does not need a text."""

from dataclasses import dataclass

import numpy as np

from ..graph import Array

__all__ = ["QUALITY_BOUND", "Quality", "quality"]

QUALITY_BOUND = 0.1
"""Nats a token from which on builds warn: about a tenth more perplexity."""
_LOGITS = 1 << 22
"""Numbers that are kept at a time."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of logits against those of the float model.

    nats: mean divergence of Kullback and Leibler a token, of the float model's probabilities from
        the others: what the loss rises by on text that is as the float model expects it
    agreement: share of tokens with the same likeliest successor
    tokens: how many were compared
    """

    nats: float
    agreement: float
    tokens: int

    @property
    def within_bounds(self) -> bool:
        return self.nats <= QUALITY_BOUND


def quality(real: Array, other: Array) -> Quality:
    """Compares logits [..., vocabulary]."""
    a, b = (x.reshape(-1, x.shape[-1]) for x in (real, other))
    step = max(1, _LOGITS // a.shape[1])
    nats, same = 0.0, 0
    for begin in range(0, len(a), step):
        p, q = (_log_softmax(x[begin : begin + step]) for x in (a, b))
        nats += float((np.exp(p) * (p - q)).sum())
        same += int((p.argmax(axis=-1) == q.argmax(axis=-1)).sum())
    return Quality(nats=max(0.0, nats / len(a)), agreement=same / len(a), tokens=len(a))


def _log_softmax(logits: Array) -> Array:
    x = logits.astype(np.float64)
    x -= x.max(axis=-1, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=-1, keepdims=True)))
