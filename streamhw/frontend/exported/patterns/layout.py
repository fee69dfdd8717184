# SPDX-License-Identifier: Apache-2.0
"""Operations that move elements without computing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..constant import Constant
from ..form import Form, joined
from ..no_layer_error import NoLayerError
from ..state import Raising
from ..values import Function, Scores
from .embedding import RULES as RULES_OF_TABLES
from .layers import form_of
from .rule import Rule

__all__ = ["RULES"]

Array = NDArray[Any]

_MOST_ELEMENTS = 1 << 26
"""Of a tensor with copies: a file may say any size."""


def _moved(state: Raising, x: object, change: Callable[[Array], Array]) -> object:
    """A change of the order of elements, of a tensor of any kind."""
    if isinstance(x, Function):
        return replace(x, form=x.form.moved(change))
    if isinstance(x, Scores):
        seen = change(np.empty(x.shape, dtype=np.bool_))
        if seen.shape[-2:] != x.shape[-2:] or seen.size != np.prod(x.shape):
            raise NoLayerError("scores of attention must stay as they are")
        return replace(x, shape=seen.shape)
    return form_of(state, x).moved(change)


def _reshape(state: Raising, x: object, shape: Sequence[int]) -> object:
    def change(values: Array) -> Array:
        # ONNX writes 0 for a size that stays.
        return values.reshape([size or values.shape[axis] for axis, size in enumerate(shape)])

    return _moved(state, x, change)


def _transpose(state: Raising, x: object, first: int, second: int) -> object:
    if isinstance(x, Scores):
        raise NoLayerError("scores of attention must stay as they are")
    return _moved(state, x, lambda values: values.swapaxes(first, second))


def _turn(state: Raising, x: object) -> object:
    return _transpose(state, x, -1, -2)


def _permute(state: Raising, x: object, axes: Sequence[int]) -> object:
    return form_of(state, x).moved(lambda values: values.transpose(tuple(axes)))


def _unsqueeze(state: Raising, x: object, axis: int | tuple[int, ...]) -> object:
    return _moved(state, x, lambda values: np.expand_dims(values, axis))


def _squeeze(state: Raising, x: object, axis: int | Sequence[int] | None = None) -> object:
    axes = axis if isinstance(axis, int) or axis is None else tuple(axis)

    def change(values: Array) -> Array:
        if axes is None:
            return values.squeeze()
        chosen = (axes,) if isinstance(axes, int) else axes
        return values.squeeze(tuple(a for a in chosen if values.shape[a] == 1))

    return _moved(state, x, change)


def _expand(state: Raising, x: object, sizes: Sequence[int], implicit: bool = False) -> object:
    def change(values: Array) -> Array:
        shape = [1] * (len(sizes) - values.ndim) + list(values.shape)
        wanted = [old if new in (-1, 1) else new for old, new in zip(shape, sizes, strict=True)]
        _check_size(wanted)
        return np.broadcast_to(values, wanted)

    return _moved(state, x, change)


def _check_size(shape: Sequence[int]) -> None:
    if prod(shape) > _MOST_ELEMENTS:
        raise NoLayerError(f"copies must have at most {_MOST_ELEMENTS:,} elements")


def _repeat(state: Raising, x: object, counts: Sequence[int]) -> object:
    _check_size((*counts, prod(form_of(state, x).shape)))
    return form_of(state, x).moved(lambda values: np.tile(values, tuple(counts)))


def _repeat_interleave(
    state: Raising, x: object, count: int, axis: int | None = None, size: int | None = None
) -> object:
    _check_size((count, *form_of(state, x).shape))
    return form_of(state, x).moved(lambda values: np.repeat(values, count, axis=axis))


def _slice(
    state: Raising,
    x: object,
    axis: int = 0,
    begin: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> object:
    part = slice(begin, end, step)
    return _moved(state, x, lambda values: _indexed(values, axis, part))


def _slices(
    state: Raising,
    x: object,
    begins: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
) -> object:
    """ONNX: of several axes at once."""
    chosen = range(len(begins)) if axes is None else axes
    for index, axis in enumerate(chosen):
        step = 1 if steps is None else steps[index]
        x = _slice(state, x, axis, begins[index], ends[index], step)
    return x


def _take(state: Raising, x: object, indices: object, axis: int) -> object:
    """ONNX: rows of a table, one element of an axis, or several."""
    if isinstance(x, Constant):
        if axis != 0:
            raise NoLayerError("rows of a table must be chosen")
        return RULES_OF_TABLES["embedding"](state, x, indices)
    chosen = _constant(indices).values
    return form_of(state, x).moved(lambda values: np.take(values, chosen, axis=axis))


def _shape_of(state: Raising, x: object, begin: int = 0, end: int | None = None) -> object:
    """ONNX: sizes as a tensor."""
    shape = x.shape if isinstance(x, Scores) else form_of(state, x).shape
    values = np.array(shape[begin:end], dtype=np.int64)
    return Constant(native=values, shape=values.shape, load=lambda: values)


def _indexed(values: Array, axis: int, index: slice | int | Array) -> Array:
    place = [slice(None)] * values.ndim
    return np.asarray(values[(*place[: axis % values.ndim], index)])


def _select(state: Raising, x: object, axis: int, index: int) -> object:
    return form_of(state, x).moved(lambda values: _indexed(values, axis, index))


def _index(state: Raising, x: object, indices: Sequence[object]) -> object:
    given = [None if i is None else _constant(i).values for i in indices]
    if sum(i is not None for i in given) != 1:
        raise NoLayerError("indices must be constants of one axis")
    axis = next(a for a, i in enumerate(given) if i is not None)
    return form_of(state, x).moved(lambda values: _indexed(values, axis, np.asarray(given[axis])))


def _index_select(state: Raising, x: object, axis: int, index: object) -> object:
    chosen = _constant(index).values
    return form_of(state, x).moved(lambda values: _indexed(values, axis, chosen))


def _constant(x: object) -> Constant:
    if not isinstance(x, Constant):
        raise NoLayerError("indices must not depend on the tokens")
    return x


def _split(state: Raising, x: object, size: int | Sequence[int], axis: int = 0) -> object:
    form = form_of(state, x)
    extent = form.shape[axis]
    sizes = [size] * -(-extent // size) if isinstance(size, int) else list(size)
    ends = np.cumsum(sizes).tolist()
    return tuple(
        _slice(state, form, axis, end - size, end) for end, size in zip(ends, sizes, strict=True)
    )


def _chunk(state: Raising, x: object, count: int, axis: int = 0) -> object:
    form = form_of(state, x)
    return _split(state, form, -(-form.shape[axis] // count), axis)


def _unbind(state: Raising, x: object, axis: int = 0) -> object:
    form = form_of(state, x)
    return tuple(_select(state, form, axis, index) for index in range(form.shape[axis]))


def _cat(state: Raising, tensors: Sequence[object], axis: int = 0) -> object:
    return joined([form_of(state, x) for x in tensors], axis)


def _stack(state: Raising, tensors: Sequence[object], axis: int = 0) -> object:
    return joined([form_of(state, x) for x in tensors], axis, stacked=True)


def _flatten(state: Raising, x: object, first: int = 0, last: int = -1) -> object:
    def change(values: Array) -> Array:
        end = last % values.ndim + 1
        return values.reshape(*values.shape[: first % values.ndim], -1, *values.shape[end:])

    return _moved(state, x, change)


def _unflatten(state: Raising, x: object, axis: int, sizes: Sequence[int]) -> object:
    def change(values: Array) -> Array:
        at = axis % values.ndim
        return values.reshape(*values.shape[:at], *sizes, *values.shape[at + 1 :])

    return _moved(state, x, change)


def _movedim(state: Raising, x: object, source: Any, target: Any) -> object:
    return form_of(state, x).moved(lambda values: np.moveaxis(values, source, target))


def _getitem(state: Raising, x: Sequence[object], index: int) -> object:
    return x[index]


def _same(state: Raising, x: object, *_others: object) -> object:
    return x


def _dropout(state: Raising, x: object, share: float, training: bool) -> object:
    if training and share:
        raise NoLayerError("dropout must be switched off: call eval() before the export")
    return x


def _view_as_complex(state: Raising, x: object) -> object:
    form = form_of(state, x)
    real, imaginary = (_select(state, form, -1, part) for part in (0, 1))
    assert isinstance(real, Form) and isinstance(imaginary, Form)
    return real.plus(imaginary.times(np.array(1j)))


def _view_as_real(state: Raising, x: object) -> object:
    form = form_of(state, x)
    return joined([form.parts(np.real), form.parts(np.imag)], -1, stacked=True)


def _size(state: Raising, x: object, axis: int) -> object:
    return x.shape[axis] if isinstance(x, Scores) else form_of(state, x).shape[axis]


RULES: dict[str, Rule] = {
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _reshape),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("t", "mT", "numpy_T"), _turn),
    **dict.fromkeys(("to", "_to_copy", "contiguous", "clone", "alias", "detach", "float"), _same),
    **dict.fromkeys(("type_as", "lift_fresh_copy", "detach_"), _same),
    **dict.fromkeys(("split", "split_with_sizes"), _split),
    **dict.fromkeys(("dropout", "native_dropout"), _dropout),
    "permute": _permute,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "expand": _expand,
    "repeat": _repeat,
    "repeat_interleave": _repeat_interleave,
    "slice": _slice,
    "select": _select,
    "index": _index,
    "index_select": _index_select,
    "chunk": _chunk,
    "unbind": _unbind,
    "cat": _cat,
    "concat": _cat,
    "stack": _stack,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "movedim": _movedim,
    "getitem": _getitem,
    "view_as_complex": _view_as_complex,
    "view_as_real": _view_as_real,
    "sym_size": _size,
    "slices": _slices,
    "take": _take,
    "shape": _shape_of,
}
