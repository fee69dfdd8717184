# SPDX-License-Identifier: Apache-2.0
"""Goes through a program call by call: layers of what depends on tokens, numbers of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

import numpy as np

from ....errors import UserError
from ..call import Argument, Call, Numbers, Reference
from ..constant import Constant
from ..form import Form
from ..no_layer_error import NoLayerError
from ..patterns import RULES
from ..patterns.embedding import tokens_form
from ..patterns.layers import form_of
from ..program import Program
from ..state import Raising

__all__ = ["IGNORED", "Interpreted", "constants_at", "interpret", "sizes_at"]

IGNORED = frozenset(
    {
        "_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_constrain_range",
        "sym_constrain_range_for_size",
    }
)  # fmt: skip
"""Checks that frameworks write down, which compute nothing."""
_SIZES = frozenset({"shape", "sym_size"})
_TURNS = frozenset({"t", "transpose", "permute", "mT", "numpy_T", "swapaxes"})
_HINT = (
    "files with config.json and safetensors, or GGUF, need no patterns; or write this part of the "
    "model with operations that docs/models.md lists"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Interpreted:
    """What a program computes.

    logits: of all rows, or of the last one
    names: of constants, as the program has them, by identity
    sizes: of what depends on tokens, by the calls that ask for them
    """

    state: Raising
    logits: Form
    names: Mapping[int, str]
    sizes: Mapping[str, object]


def interpret(program: Program, rows: int) -> Interpreted:
    """Raises ``UserError`` that names the first operation which no layer expresses."""
    state = Raising(rows=rows)
    given = program.constants(rows)
    state.trained.update({n: c for c in given.values() if isinstance(c, Constant) for n in c.names})
    known: dict[str, object] = dict(given)
    known[program.tokens] = tokens_form(state, _token_shape(program, rows))
    names = {id(value): name for name, value in known.items()}
    sizes: dict[str, object] = {}
    for call in program.calls:
        if call.op in IGNORED:
            continue
        state.place = call.place
        try:
            arguments = tuple(_resolved(argument, known) for argument in call.arguments)
            known[call.name] = _value(program, state, call, arguments)
        except NoLayerError as reason:
            _refuse(program, call, str(reason))
        except (KeyError, ValueError, IndexError, TypeError, OverflowError, MemoryError) as error:
            said = str(error).strip().partition("\n")[0][:120] or type(error).__name__
            _refuse(program, call, f"its operands must fit together ({said})")
        names[id(known[call.name])] = call.name
        if call.op in _SIZES:
            value = known[call.name]
            sizes[call.name] = value.values if isinstance(value, Constant) else value
    last = program.calls[-1] if program.calls else None
    result = known.get(program.result)
    try:
        logits = form_of(state, result)
    except NoLayerError as reason:
        if last is None:
            raise UserError(f"{program.source}: the program must compute something") from None
        _refuse(program, last, str(reason))
    return Interpreted(state=state, logits=logits, names=names, sizes=sizes)


def constants_at(
    program: Program, rows: int, wanted: frozenset[str], sizes: Mapping[str, object]
) -> dict[str, Constant]:
    """Constants of a program for another number of rows, without its layers.

    sizes: of what depends on tokens, by the calls that ask for them

    Raises ``UserError`` if one of them cannot be computed so.
    """
    state = Raising(rows=rows)
    known: dict[str, object] = dict(program.constants(rows))
    known[program.tokens] = tokens_form(state, _token_shape(program, rows))
    missing = wanted - {*known}
    for call in program.calls:
        if not missing:
            break
        if call.op in IGNORED:
            continue
        try:
            arguments = tuple(_resolved(argument, known) for argument in call.arguments)
            known[call.name] = _value(program, state, call, arguments)
        except (KeyError, NoLayerError):  # of a layer
            if call.name not in sizes:
                continue
            known[call.name] = sizes[call.name]
        if isinstance(known[call.name], Form) and call.op != "view":
            del known[call.name]
        missing = missing - {call.name}
    found = {name: known.get(name) for name in wanted}
    for name, value in found.items():
        if not isinstance(value, Constant):
            raise UserError(
                f"{program.source}: mask {name} must follow from the number of tokens alone"
            )
    return {name: value for name, value in found.items() if isinstance(value, Constant)}


def sizes_at(program: Program, found: Interpreted, rows: int) -> dict[str, object]:
    """Sizes of what depends on tokens, for another number of rows: they grow evenly with it."""
    first = found.state.rows
    sizes: dict[str, object] = {}
    if not found.sizes:
        return {}
    more = interpret(program, first + 1).sizes
    for name, size in found.sizes.items():
        one, two = (np.asarray(value, dtype=np.int64) for value in (size, more[name]))
        grown = one + (two - one) * (rows - first)
        sizes[name] = (
            int(grown)
            if grown.ndim == 0
            else Constant(native=grown, shape=grown.shape, load=partial(np.asarray, grown))
        )
    return sizes


def _token_shape(program: Program, rows: int) -> tuple[int, ...]:
    return tuple(size or rows for size in program.token_shape)


def _resolved(argument: Argument, known: Mapping[str, object]) -> object:
    if isinstance(argument, Reference):
        return known[argument.name]
    if isinstance(argument, Numbers):
        value = known[argument.of.name]
        if not isinstance(value, Constant):
            raise NoLayerError("shapes and axes must not depend on the tokens")
        return tuple(int(number) for number in value.values.reshape(-1))
    if isinstance(argument, tuple):
        return tuple(_resolved(part, known) for part in argument)
    return argument


def _value(program: Program, state: Raising, call: Call, arguments: tuple[object, ...]) -> object:
    if call.op == "tuple":
        return arguments
    table = call.op == "embedding"  # by positions: a layer, though it does not depend on tokens
    if not table and not any(_depends(argument) for argument in arguments):
        value = program.evaluate(call, arguments)
        source = arguments[0] if arguments else None
        if (
            call.op in _TURNS
            and isinstance(value, Constant)
            and isinstance(source, Constant)
            and source.whole
            and len(source.shape) == 2
            and value.shape == source.shape[::-1]
            and (call.op != "permute" or tuple(_axes(arguments[1])) == (1, 0))
        ):
            value = replace(value, transposed=True)
        return value
    if call.op not in RULES:
        raise NoLayerError("it must be an operation that layers consist of")
    return RULES[call.op](state, *arguments)


def _axes(argument: object) -> tuple[int, ...]:
    return tuple(axis % 2 for axis in argument) if isinstance(argument, tuple) else ()


def _depends(argument: object) -> bool:
    if isinstance(argument, tuple):
        return any(_depends(part) for part in argument)
    return not isinstance(argument, Constant | int | float | complex | str | None)


def _refuse(program: Program, call: Call, reason: str) -> NoReturn:
    place = f"{call.name} in {call.place}" if call.place else call.name
    raise UserError(
        f"{program.source}: operation {call.said or call.op} ({place}) cannot become hardware: "
        f"{reason}",
        hint=_HINT,
    ) from None
