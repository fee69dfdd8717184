# SPDX-License-Identifier: Apache-2.0
"""Rows of tables, by tokens and by positions."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....graph import Gather, Input
from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..state import Raising
from ..step import Step
from .rule import Rule

__all__ = ["RULES", "positions_of", "tokens_form"]


def tokens_form(state: Raising, shape: tuple[int, ...]) -> Form:
    """The token identifiers, in a tensor of that shape."""
    step = Step(op=Input(role="tokens"), inputs=(), features=1, place="")
    form = Form.rows_of(step, (state.rows, 1))
    return form.moved(lambda values: values.reshape(shape))


def _embedding(state: Raising, table: object, rows: object, *_training: object) -> object:
    if not isinstance(table, Constant) or len(table.shape) != 2:
        raise NoLayerError("the table of an embedding must be a trained matrix")
    if isinstance(rows, Constant):
        return _by_position(state, table, rows)
    if not isinstance(rows, Form) or rows.step.op != Input(role="tokens"):
        raise NoLayerError("rows of a table must be chosen by tokens or by positions")
    if (rows.terms[0].rows.reshape(-1) != np.arange(state.rows)).any():
        raise NoLayerError("tokens must stay in order")
    op = Gather(
        table=state.tensors.add(table, state.place, "weight"),
        rows=table.shape[0],
        features=table.shape[1],
    )
    step = Step(op=op, inputs=(rows.step,), features=op.features, place=state.place)
    return Form.rows_of(step, (*rows.shape, op.features))


def _by_position(state: Raising, table: Constant, rows: Constant) -> Form:
    chosen = rows.values.reshape(-1)
    offset = int(chosen[0])
    if len(chosen) != state.rows or (chosen - offset != np.arange(state.rows)).any():
        raise NoLayerError("rows of a table must be chosen by tokens or by positions in order")
    name = state.tensors.add(table, state.place, "weight")
    count, features = table.shape
    if offset:
        count -= offset
        name = state.tensors.changed(
            name, lambda values: values[offset:], (count, features), ("from", offset)
        )
    return _gathered(state, name, count, features, (*rows.shape, features))


def _gathered(state: Raising, name: str, count: int, features: int, shape: tuple[int, ...]) -> Form:
    positions = Step(op=Input(role="positions"), inputs=(), features=1, place="")
    op = Gather(table=name, rows=count, features=features)
    step = Step(op=op, inputs=(positions,), features=features, place=state.place)
    return Form.rows_of(step, shape)


def positions_of(state: Raising, constant: Constant, shape: tuple[int, ...]) -> Form:
    """A constant with a row for each position, as rows of a table that positions choose."""
    if constant.shape[-2:] != shape[-2:] or constant.size != shape[-2] * shape[-1]:
        raise NoLayerError(
            "a constant that is added must be a bias, or have a row for each position"
        )
    name = next(iter(constant.names), "")
    own = state.trained.get(name)
    if own is None or own.shape[-1:] != constant.shape[-1:]:
        state.whole_context = True  # computed from positions
        own = constant
    rows, features = own.size // own.shape[-1], own.shape[-1]
    if not np.array_equal(
        own.values.reshape(rows, features)[: shape[-2]], _matrix(constant.values)
    ):
        raise NoLayerError("rows of a table must be chosen by positions, in order")
    table = replace(own, shape=(rows, features), load=lambda: _matrix(own.load()), whole=False)
    name = state.tensors.add(table, state.place or "positions", "table")
    return _gathered(state, name, rows, features, shape)


def _matrix(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(-1, values.shape[-1])


RULES: dict[str, Rule] = {"embedding": _embedding}
