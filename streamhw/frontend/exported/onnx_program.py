# SPDX-License-Identifier: Apache-2.0
"""ONNX models as programs; the package's own reference computes the constants.

The package onnx is imported where a model is read, never before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .call import Call
from .constant import Constant, names_in
from .no_layer_error import NoLayerError
from .onnx_calls import calls_of_node
from .onnx_tensor import array_constant, initializer

__all__ = ["OnnxProgram"]

_SCOPES = "pkg.torch.onnx.name_scopes"
_MOST_ELEMENTS = 1 << 27
"""Of a constant: a file says sizes that it does not have data for."""
_COMPUTED = frozenset(
    {
        "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "Constant",
        "ConstantOfShape", "Cos", "CumSum", "Div", "Equal", "Exp", "Expand", "Floor", "Gather",
        "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity", "IsNaN", "Less",
        "LessOrEqual", "Log", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range",
        "Reciprocal", "ReduceMax", "ReduceSum", "ReduceAny", "Reshape", "ScatterND", "Shape",
        "Sin", "Size", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Tile", "Transpose", "Trilu",
        "Unsqueeze", "Where", "Xor",
    }
)  # fmt: skip
"""Operations that constants are made with."""
_POSITIONS, _MASK = "position", "mask"


@dataclass(frozen=True, eq=False)
class OnnxProgram:
    """A model of one input of token identifiers, as a ``Program``; folder: of tensors outside."""

    model: Any
    source: str
    folder: Path

    @cached_property
    def _translated(self) -> tuple[tuple[Call, ...], dict[str, Any]]:
        calls: list[Call] = []
        nodes: dict[str, Any] = {}
        for number, node in enumerate(self.model.graph.node):
            try:
                made = calls_of_node(node, _attributes(node), _place(node))
            except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
                said = str(error).partition("\n")[0][:80]
                raise UserError(
                    f"{self.source}: operation {number} of the model must be whole ({said})"
                ) from None
            calls += made
            nodes.update({call.name: node for call in made})
        return tuple(calls), nodes

    @property
    def calls(self) -> Sequence[Call]:
        return self._translated[0]

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        """Those that no tensor of the file is for."""
        known = {tensor.name for tensor in self.model.graph.initializer}
        return {value.name: value for value in self.model.graph.input if value.name not in known}

    @cached_property
    def tokens(self) -> str:
        from onnx import TensorProto

        integers = (TensorProto.INT64, TensorProto.INT32)
        found = [
            name
            for name, value in self._inputs.items()
            if value.type.tensor_type.elem_type in integers
            and _POSITIONS not in name
            and _MASK not in name
            and len(value.type.tensor_type.shape.dim) == 2
        ]
        if len(found) != 1:
            names = ", ".join(found) or "none"
            raise UserError(
                f"{self.source}: the program must have one input of token identifiers, not {names}",
                hint="export it with tokens [1, length] as its only input",
            )
        return found[0]

    @cached_property
    def token_shape(self) -> tuple[int, ...]:
        first, _ = self._inputs[self.tokens].type.tensor_type.shape.dim
        if first.dim_value > 1:
            raise UserError(
                f"{self.source}: the program must be exported for one sequence, "
                f"not {first.dim_value}"
            )
        return (1, 0)

    @property
    def result(self) -> str:
        return str(self.model.graph.output[0].name)

    @property
    def least_rows(self) -> int:
        return self.most_rows or 1

    @property
    def most_rows(self) -> int | None:
        size = self._inputs[self.tokens].type.tensor_type.shape.dim[1].dim_value
        return int(size) if size > 0 else None

    @cached_property
    def _tensors(self) -> dict[str, Constant]:
        return {
            proto.name: initializer(proto, self.source, self.folder)
            for proto in self.model.graph.initializer
        }

    def constants(self, rows: int) -> Mapping[str, Constant]:
        found = dict(self._tensors)
        for name, value in self._inputs.items():
            if name == self.tokens:
                continue
            shape = [d.dim_value or rows for d in value.type.tensor_type.shape.dim]
            if _MASK in name and len(shape) == 2:
                found[name] = array_constant(np.ones((1, rows), dtype=np.int64))
            elif _POSITIONS in name and shape:
                places = np.arange(rows).reshape((1,) * (len(shape) - 1) + (rows,))
                found[name] = array_constant(places)
            else:
                raise UserError(
                    f"{self.source}: input {name} must be token identifiers, positions or a mask, "
                    "and is none of them",
                    hint="export the model without it: a cache of keys and values is made in "
                    "hardware",
                )
        return found

    def evaluate(self, call: Call, arguments: tuple[object, ...]) -> object:
        from onnx.reference import ReferenceEvaluator

        node = self._translated[1][call.name]
        if call.op == "getitem":
            several, index = arguments
            assert isinstance(several, tuple) and isinstance(index, int)
            return several[index]
        if node.op_type not in _COMPUTED or node.domain not in ("", "ai.onnx"):
            raise NoLayerError("it must be an operation that constants are made with")
        given = dict(_natives(call, arguments))
        feeds = {name: given[name] for name in node.input if name}
        _check_size(node, feeds)
        try:
            with np.errstate(all="ignore"):
                results = ReferenceEvaluator(node).run(None, feeds)
        except Exception as error:  # whatever the reference makes of operands that do not fit
            said = str(error).strip().partition("\n")[0][:120]
            raise NoLayerError(f"its operands must fit together ({said})") from None
        names = tuple(dict.fromkeys(name for name in names_in(arguments)))
        made = tuple(array_constant(np.asarray(result), *names) for result in results)
        return made[0] if len(node.output) == 1 else made


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import AttributeProto, helper

    tensors = (AttributeProto.TENSOR, AttributeProto.GRAPH, AttributeProto.GRAPHS)
    return {
        attribute.name: helper.get_attribute_value(attribute)
        for attribute in node.attribute
        if attribute.type not in tensors and not attribute.ref_attr_name
    }


def _place(node: Any) -> str:
    """The module that a node is in, as far as the exporter says it."""
    for entry in node.metadata_props:
        if entry.key == _SCOPES:
            scopes = [part.strip(" '\"") for part in entry.value.strip("[]").split(",")]
            return scopes[-2] if len(scopes) > 1 else ""
    return ".".join(part for part in node.name.split("/")[:-1] if part)


def _natives(call: Call, arguments: tuple[object, ...]) -> Iterator[tuple[str, NDArray[Any]]]:
    from .call import Numbers, Reference

    def found(wanted: object, value: object) -> Iterator[tuple[str, NDArray[Any]]]:
        if isinstance(wanted, Numbers):
            wanted = wanted.of
        if isinstance(wanted, Reference):
            native = value.native if isinstance(value, Constant) else np.array(value, np.int64)
            yield wanted.name, np.asarray(native)
        elif isinstance(wanted, tuple) and isinstance(value, tuple):
            for one, other in zip(wanted, value, strict=True):
                yield from found(one, other)

    yield from found(call.arguments, arguments)


def _check_size(node: Any, feeds: Mapping[str, NDArray[Any]]) -> None:
    """Refuses constants that are far larger than what they are made of."""
    arrays = [feeds[name] for name in node.input if name]
    try:
        match node.op_type:
            case "Expand" | "Tile":
                other = [int(size) for size in arrays[1].reshape(-1)]
                count = prod(max(1, size) for size in other) * max(1, arrays[0].size)
            case "ConstantOfShape":
                count = prod(max(1, int(size)) for size in arrays[0].reshape(-1))
            case "Range":
                first, last, step = (float(array.reshape(-1)[0]) for array in arrays)
                count = int(abs((last - first) / step)) if step else _MOST_ELEMENTS + 1
            case "Gather" | "GatherND" | "GatherElements" | "Concat":
                count = sum(array.size for array in arrays)
            case _:
                count = prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    except (ValueError, IndexError, OverflowError):
        return  # operands of other shapes: nothing is broadcast
    if count > _MOST_ELEMENTS:
        raise NoLayerError(f"constants must have at most {_MOST_ELEMENTS:,} elements")
