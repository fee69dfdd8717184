# SPDX-License-Identifier: Apache-2.0
"""Heads of queries, keys and values: which features they have, and how those are rotated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....graph import Angles, Input, Rotary
from ..form import Form
from ..no_layer_error import NoLayerError
from ..rotation import Rotation, rotation_of
from ..selection import selected
from ..state import Raising
from ..step import Step

__all__ = ["Heads", "heads_of", "key_order"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Heads:
    """Rows of a layer, cut into heads.

    features: [heads, head_dim], of the layer; scale: their factor
    rotation: of pairs of features of a head by angles of the positions
    """

    form: Form
    features: Ints
    scale: float
    rotation: Rotation | None

    @property
    def amplitude(self) -> float:
        return self.scale * (1.0 if self.rotation is None else self.rotation.amplitude)

    def grouped(self, heads: int) -> Ints:
        """Features without the copies for groups of ``heads`` query heads."""
        count = len(self.features)
        if heads % count:
            raise NoLayerError(f"{count} heads of keys and values must serve {heads} of queries")
        distinct = self.features[np.sort(np.unique(self.features[:, 0], return_index=True)[1])]
        shared = count // len(distinct)
        if not np.array_equal(np.repeat(distinct, shared, axis=0), self.features):
            raise NoLayerError("heads of keys and values must serve neighboring heads of queries")
        return distinct

    def step_of(self, state: Raising, heads: int, order: Ints | None, factor: float) -> Step:
        """The step with these heads, each in that order of features, times a factor; rotated."""
        features = self.grouped(heads)
        if order is not None:
            features = features[:, order]
        count, size = features.shape
        flat = features.reshape(-1)
        base = selected(state, self.form.step, flat, np.full(len(flat), factor))
        if self.rotation is None:
            return base
        angles = _angles(state, self.rotation, size)
        return Step(
            op=Rotary(heads=count, head_dim=size),
            inputs=(base, angles),
            features=count * size,
            place=state.place,
        )


def _angles(state: Raising, rotation: Rotation, size: int) -> Step:
    op = Angles(
        features=size,
        bases=(rotation.base,),
        scalings=() if rotation.scaling is None else (rotation.scaling,),
        counted=None if 2 * len(rotation.firsts) == size else 2 * len(rotation.firsts),
    )
    key = ("angles", op)
    if key not in state.made:
        positions = Step(op=Input(role="positions"), inputs=(), features=1, place="")
        state.made[key] = Step(op=op, inputs=(positions,), features=size, place=state.place)
    return state.made[key]


def heads_of(form: Form) -> Heads:
    """The heads of a tensor [1, heads, rows, head_dim]."""
    shape = form.shape
    if len(shape) < 3 or any(size != 1 for size in shape[:-3]):
        raise NoLayerError("attention must be of one sequence, [1, heads, rows, head_dim]")
    heads, rows, size = shape[-3:]
    factors, features = [], []
    for term in form.terms:
        places, found, factor = (
            np.broadcast_to(values, shape).reshape(heads, rows, size)
            for values in (term.rows, term.features, term.factor)
        )
        if (places != np.arange(rows)[:, None]).any() or (found != found[:, :1]).any():
            raise NoLayerError("rows of heads must stay in order")
        if np.iscomplexobj(factor) and np.abs(factor.imag).max() > 0:
            raise NoLayerError("complex numbers must be made real before attention")
        if (factor != factor[:1]).any():
            raise NoLayerError("heads must be rotated alike")
        factors.append(np.asarray(factor[0].real, dtype=np.float64))
        features.append(np.asarray(found[:, 0]))
    own, rotation = rotation_of(features, factors)
    if rotation is not None:
        return Heads(form=form, features=own, scale=1.0, rotation=rotation)
    scale = factors[0].flat[0]
    if (factors[0] != scale).any():
        raise NoLayerError("factors of heads must be one number, or a rotation")
    return Heads(form=form, features=own, scale=float(scale), rotation=None)


def key_order(queries: Heads, keys: Heads) -> Ints | None:
    """The order of features of a head in which pairs are in two halves; the same for both."""
    if queries.rotation is None or keys.rotation is None:
        return None
    if queries.rotation != keys.rotation:
        raise NoLayerError("queries and keys must be rotated by the same angles")
    order = queries.rotation.order(queries.features.shape[1])
    return None if np.array_equal(order, np.arange(len(order))) else order
