# SPDX-License-Identifier: Apache-2.0
"""ONNX files: a hand-made one gives what onnx's own reference gives; exports of torch, too."""

import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest

from streamhw.errors import UserError
from streamhw.frontend import Model, load
from streamhw.graph import Attention, Linear
from streamhw.graph.float_reference import forward

onnx = pytest.importorskip("onnx", reason="needs onnx: pip install onnx")

from onnx.reference import ReferenceEvaluator  # noqa: E402  only where onnx is installed

from tests.frontend.exported.onnx_models import (  # noqa: E402
    VOCABULARY,
    onnx_decoder,
    write_onnx,
)

TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, 11)


def logits(model: Model) -> np.ndarray:
    return np.asarray(forward(model.graph, model.weights, TOKENS, all_rows=True)["logits"])


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("window", [None, 3])
def test_logits_are_those_of_the_reference(
    window: int | None, external: bool, tmp_path: Path
) -> None:
    proto = onnx_decoder(window=window)
    (wanted,) = ReferenceEvaluator(proto).run(None, {"input_ids": TOKENS[None]})
    model = load(write_onnx(tmp_path / "decoder.onnx", proto, external=external))
    found = logits(model)
    assert np.abs(found - wanted[0]).max() < 1e-5 * np.abs(wanted).max()
    attention, head = model.graph.node("attention").op, model.graph.node("logits").op
    assert isinstance(attention, Attention) and isinstance(head, Linear)
    assert attention.windows == (() if window is None else (3,))
    assert head.weight == "model.embed.weight" and model.graph.context == 2048
    assert model.graph.loops[0].trips == 2
    assert "model.layers.1.norm_2.weight" in model.weights


def test_a_fixed_length_is_the_context(tmp_path: Path) -> None:
    model = load(write_onnx(tmp_path / "decoder.onnx", onnx_decoder(length=11)))
    assert model.graph.context == 11 and "exported" in model.notes[0]


def test_texts_and_end_tokens_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 3]}))
    (tmp_path / "heldout.txt").write_text("text")
    model = load(write_onnx(tmp_path / "decoder.onnx", onnx_decoder(length=5)))
    assert model.end_tokens == (7, 3) and model.heldout == "text"


def test_an_operation_is_named_with_its_place(tmp_path: Path) -> None:
    proto = onnx_decoder()
    node = next(n for n in proto.graph.node if n.op_type == "Sigmoid" and "layers.1" in n.name)
    node.op_type = "HardSigmoid"
    path = write_onnx(tmp_path / "decoder.onnx", proto)
    message = f"{path}: operation HardSigmoid ({node.output[0]} in model.layers.1) cannot become"
    with pytest.raises(UserError, match=f"^{re.escape(message)} hardware: it must be an operation"):
        load(path)


def test_refusals(tmp_path: Path) -> None:
    def refused(proto: object, message: str) -> None:
        path = write_onnx(tmp_path / "decoder.onnx", proto)
        with pytest.raises(UserError, match=message):
            load(path)

    proto = onnx_decoder()
    cache = onnx.helper.make_tensor_value_info("past_key_values.0", 1, [1, 2, "n", 4])
    proto.graph.input.append(cache)
    refused(proto, "input past_key_values.0 must be token identifiers, positions or a mask")
    proto = onnx_decoder()
    proto.graph.input[0].type.tensor_type.elem_type = 1
    refused(proto, "one input of token identifiers, not none")
    proto = onnx_decoder()
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    refused(proto, "exported for one sequence, not 4")
    proto = onnx_decoder()
    proto.graph.initializer[0].raw_data = b"1234"
    refused(proto, "tensor model.embed.weight must be whole")
    del proto.graph.node[:]
    refused(proto, "must be a whole ONNX model")


def test_tensors_outside_are_beside_the_file_and_whole(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "decoder.onnx", onnx_decoder(), external=True)
    data = path.with_name("decoder.onnx.data")
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(UserError, match=r"must be whole in decoder.onnx.data"):
        load(path)
    data.unlink()
    with pytest.raises(UserError, match="there is no such file"):
        load(path)
    proto = onnx.load(path, load_external_data=False)
    for tensor in proto.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../secret"
    onnx.save(proto, path)
    with pytest.raises(UserError, match=r"must be in a file of the same folder, not '../secret'"):
        load(path)


def test_sizes_without_data_are_refused(tmp_path: Path) -> None:
    proto = onnx_decoder()
    for tensor in proto.graph.initializer:
        if list(onnx.numpy_helper.to_array(tensor).reshape(-1)[:3]) == [1, 2, 2]:
            large = np.array([1, 2, 2**40, 1, 4], dtype=np.int64)
            tensor.CopyFrom(onnx.numpy_helper.from_array(large, tensor.name))
    path = write_onnx(tmp_path / "decoder.onnx", proto)
    with pytest.raises(UserError, match=r"operation Expand .* copies must have at most"):
        load(path)


@pytest.mark.parametrize("name", ["learned", "fused"])
def test_exports_of_torch(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs torch", exc_type=ImportError)
    pytest.importorskip("onnxscript", reason="needs onnxscript")
    from tests.frontend.exported.decoders import DECODERS, made

    logging.disable(logging.WARNING)
    module, tokens = made(DECODERS[name]), torch.from_numpy(TOKENS[None])
    path = tmp_path / "own.onnx"
    shapes = ({1: torch.export.Dim("n", max=63)},)
    torch.onnx.export(module, (tokens,), path, dynamo=True, dynamic_shapes=shapes, verbose=False)
    logging.disable(logging.NOTSET)
    with torch.no_grad():
        wanted = module(tokens)[0].numpy()
    found = logits(load(path))[-len(wanted) :]
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()
