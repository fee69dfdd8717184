# SPDX-License-Identifier: Apache-2.0
"""Operations of ONNX as calls of ATen's: those that may depend on tokens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .call import Argument, Call, Numbers, Reference

__all__ = ["calls_of_node"]

Attributes = Mapping[str, Any]
Translation = Callable[[Sequence[Argument], Attributes], tuple[str, tuple[Argument, ...]]]


def calls_of_node(node: Any, attributes: Attributes, place: str) -> list[Call]:
    """The call of a node, and for several results one for each of them."""
    inputs: list[Argument] = [Reference(name) if name else None for name in node.input]
    op, arguments = node.op_type, tuple(inputs)
    if node.domain in ("", "ai.onnx", "com.microsoft") and op in _TRANSLATIONS:
        op, arguments = _TRANSLATIONS[op](inputs, attributes)
    elif node.domain in ("", "ai.onnx") and op in _SAME:
        op = _SAME[op]
    outputs = list(node.output)
    if len(outputs) == 1:
        return [Call(name=outputs[0], op=op, arguments=arguments, place=place, said=node.op_type)]
    several = Call(
        name=f"{outputs[0]}:all", op=op, arguments=arguments, place=place, said=node.op_type
    )
    parts = [
        Call(name=name, op="getitem", arguments=(Reference(several.name), index), place=place)
        for index, name in enumerate(outputs)
        if name
    ]
    return [several, *parts]


_SAME = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Neg": "neg", "Pow": "pow",
    "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Tanh": "tanh", "Sigmoid": "sigmoid", "Erf": "erf",
    "Exp": "exp", "Relu": "relu", "Softplus": "softplus", "Abs": "abs", "MatMul": "matmul",
    "Where": "where", "IsNaN": "isnan",
}  # fmt: skip


def _gemm(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    bias = x[2] if len(x) > 2 else None
    if (
        a.get("alpha", 1.0) != 1
        or (bias is not None and a.get("beta", 1.0) != 1)
        or a.get("transA")
    ):
        return "Gemm", tuple(x)
    if a.get("transB"):
        return "linear", (x[0], x[1], bias)
    return ("matmul", (x[0], x[1])) if bias is None else ("addmm", (bias, x[0], x[1]))


def _decimal(value: float) -> float:
    """The decimal that a 32-bit float was rounded from."""
    return float(str(np.float32(value)))


def _layer_norm(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    if a.get("axis", -1) not in (-1, 2):
        return "LayerNormalization", tuple(x)
    bias = x[2] if len(x) > 2 else None
    return "layer_norm", (x[0], None, x[1], bias, _decimal(a.get("epsilon", 1e-5)))


def _rms_norm(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    if a.get("axis", -1) not in (-1, 2):
        return "RMSNormalization", tuple(x)
    return "rms_norm", (x[0], None, x[1], _decimal(a.get("epsilon", 1e-5)))


def _mean(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    axes = Numbers(x[1]) if len(x) > 1 else tuple(a["axes"]) if "axes" in a else None
    return "mean", (x[0], axes, bool(a.get("keepdims", 1)))


def _softmax(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "softmax", (x[0], a.get("axis", -1))


def _reshape(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "reshape", (x[0], Numbers(x[1]))


def _transpose(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return ("permute", (x[0], tuple(a["perm"]))) if "perm" in a else ("Transpose", tuple(x))


def _axes(op: str) -> Translation:
    def translation(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
        axes = Numbers(x[1]) if len(x) > 1 else tuple(a["axes"]) if "axes" in a else None
        return op, (x[0], axes)

    return translation


def _expand(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "expand", (x[0], Numbers(x[1]))


def _concat(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "cat", (tuple(x), a.get("axis", 0))


def _split(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    axis = a.get("axis", 0)
    if len(x) > 1:
        return "split", (x[0], Numbers(x[1]), axis)
    if "split" in a:
        return "split", (x[0], tuple(a["split"]), axis)
    return ("chunk", (x[0], a["num_outputs"], axis)) if "num_outputs" in a else ("Split", tuple(x))


def _slice(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    given = [Numbers(other) if other is not None else None for other in x[1:]]
    return "slices", (x[0], *given, *(None,) * (4 - len(given)))


def _gather(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "take", (x[0], x[1], a.get("axis", 0))


def _cast(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "to", (x[0],)


def _gelu(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    approximate = a.get("approximate", b"none")
    return "gelu", (x[0], approximate.decode() if isinstance(approximate, bytes) else approximate)


def _swish(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return ("silu", (x[0],)) if a.get("alpha", 1.0) == 1 else ("Swish", tuple(x))


def _shape(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "shape", (x[0], a.get("start", 0), a.get("end"))


def _dropout(x: Sequence[Argument], a: Attributes) -> tuple[str, tuple[Argument, ...]]:
    return "to", (x[0],)


_TRANSLATIONS: Mapping[str, Translation] = {
    "Gemm": _gemm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "SimplifiedLayerNormalization": _rms_norm,
    "ReduceMean": _mean,
    "Softmax": _softmax,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _axes("unsqueeze"),
    "Squeeze": _axes("squeeze"),
    "Expand": _expand,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "Cast": _cast,
    "Identity": _cast,
    "Dropout": _dropout,
    "Gelu": _gelu,
    "Swish": _swish,
    "Shape": _shape,
}
