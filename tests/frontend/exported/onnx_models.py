# SPDX-License-Identifier: Apache-2.0
"""A small decoder as an ONNX file, with the operations that exporters write; needs onnx only."""

from collections.abc import Sequence
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save

__all__ = ["CONTEXT", "VOCABULARY", "onnx_decoder", "write_onnx"]

VALUES = run_path(str(Path(__file__).parents[3] / "scripts" / "family_logits.py"))["values_of"]
D, HEADS, KV, SIZE, HIDDEN, VOCABULARY, LAYERS, CONTEXT = 16, 4, 2, 4, 24, 40, 2, 16


class Writer:
    """Collects nodes and tensors."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, np.ndarray] = {}
        self.place = ""

    def put(self, op: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """A node; arrays and lists of integers become tensors. The name of its result."""
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        stem = f"{self.place}/{op}_{len(self.nodes)}"
        results = [f"{stem}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(op, names, results, name=stem, **attributes))
        return results[0] if outputs == 1 else results

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.tensors)}"
        self.tensors[name] = np.asarray(values)
        return name

    def weight(self, name: str, *shape: int) -> str:
        self.tensors[name] = VALUES(name, shape)
        return name


def _norm(w: Writer, x: str, weight: str, size: int) -> str:
    square = w.put("Pow", x, np.float32(2))
    mean = w.put("ReduceMean", square, [-1], keepdims=1)
    root = w.put("Sqrt", w.put("Add", mean, np.float32(1e-5)))
    return str(w.put("Mul", w.put("Div", x, root), w.weight(weight, size)))


def _rotated(w: Writer, x: str, cosine: str, sine: str) -> str:
    first = w.put("Slice", x, [0], [SIZE // 2], [3])
    second = w.put("Slice", x, [SIZE // 2], [2**63 - 1], [3])
    turned = w.put("Concat", w.put("Neg", second), first, axis=-1)
    return str(w.put("Add", w.put("Mul", x, cosine), w.put("Mul", turned, sine)))


def _heads(w: Writer, x: str, rows: str, heads: int) -> str:
    shape = w.put("Concat", [1], rows, [heads], [SIZE], axis=0)
    return str(w.put("Transpose", w.put("Reshape", x, shape), perm=[0, 2, 1, 3]))


def _layer(w: Writer, x: str, layer: int, rows: str, mask: str, angles: Sequence[str]) -> str:
    w.place = f"/model/layers.{layer}"
    name = f"model.layers.{layer}"
    h = _norm(w, x, f"{name}.norm_1.weight", D)
    ready = {}
    for role, heads in (("q", HEADS), ("k", KV), ("v", KV)):
        product = w.put("MatMul", h, w.weight(f"{name}.{role}.weight", D, heads * SIZE))
        product = w.put("Add", w.weight(f"{name}.{role}.bias", heads * SIZE), product)
        ready[role] = _heads(w, product, rows, heads)
    for role in "qk":
        ready[role] = _rotated(w, ready[role], *angles)
    for role in "kv":
        wide = w.put("Unsqueeze", ready[role], [2])
        wide = w.put("Expand", wide, [1, KV, HEADS // KV, 1, SIZE])
        shape = w.put("Concat", [1, HEADS], rows, [SIZE], axis=0)
        ready[role] = w.put("Reshape", wide, shape)
    keys = w.put("Transpose", ready["k"], perm=[0, 1, 3, 2])
    scores = w.put("Div", w.put("MatMul", ready["q"], keys), np.float32(SIZE**0.5))
    shares = w.put("Softmax", w.put("Add", scores, mask), axis=-1)
    summed = w.put("Transpose", w.put("MatMul", shares, ready["v"]), perm=[0, 2, 1, 3])
    summed = w.put("Reshape", summed, [0, 0, D])
    x = w.put("Add", x, w.put("MatMul", summed, w.weight(f"{name}.o.weight", D, D)))
    h = _norm(w, x, f"{name}.norm_2.weight", D)
    both = w.put("MatMul", h, w.weight(f"{name}.both.weight", D, 2 * HIDDEN))
    gate, up = w.put("Split", both, [HIDDEN, HIDDEN], outputs=2, axis=-1)
    gate = w.put("Mul", gate, w.put("Sigmoid", gate))
    down = w.put("MatMul", w.put("Mul", gate, up), w.weight(f"{name}.down.weight", HIDDEN, D))
    return str(w.put("Add", x, down))


def onnx_decoder(*, window: int | None = None, length: int | None = None) -> ModelProto:
    """A decoder with RMS norms, rotary angles and grouped heads, its head tied.

    window: of attention; length: of its input, any if not given
    """
    w = Writer()
    table = w.weight("model.embed.weight", VOCABULARY, D)
    x = w.put("Gather", table, "input_ids", axis=0)
    rows = w.put("Shape", x, start=1, end=2)
    count = w.put("Squeeze", rows, [0])
    places = w.put("Range", np.int64(0), count, np.int64(1))
    row, column = w.put("Unsqueeze", places, [1]), w.put("Unsqueeze", places, [0])
    hidden = w.put("Greater", column, row)
    if window is not None:
        far = w.put("LessOrEqual", column, w.put("Sub", row, np.int64(window)))
        hidden = w.put("Or", hidden, far)
    mask = w.put("Where", hidden, np.float32(-3e38), np.float32(0))
    frequencies = (100.0 ** (-np.arange(0, SIZE, 2) / SIZE)).astype(np.float32)
    radians = w.put("Mul", w.put("Cast", row, to=TensorProto.FLOAT), frequencies[None, :])
    radians = w.put("Concat", radians, radians, axis=-1)
    angles = w.put("Cos", radians), w.put("Sin", radians)
    for layer in range(LAYERS):
        x = _layer(w, x, layer, rows, mask, angles)
    w.place = "/model"
    x = _norm(w, x, "model.norm.weight", D)
    w.nodes.append(
        helper.make_node("MatMul", [x, w.put("Transpose", table, perm=[1, 0])], ["logits"])
    )
    graph = helper.make_graph(
        w.nodes,
        "decoder",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, length or "n"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, length or "n", None])],
        [numpy_helper.from_array(values, name) for name, values in w.tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def write_onnx(path: Path, model: ModelProto, *, external: bool = False) -> Path:
    """Writes a model, its larger tensors beside it if ``external``."""
    name = f"{path.name}.data" if external else None
    save(model, path, save_as_external_data=external, location=name, size_threshold=200)
    return path
