# SPDX-License-Identifier: Apache-2.0
"""Programs of torch.export: where torch is installed, real exports of real modules."""

import json
import logging
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import streamhw
from streamhw.compiler.layers.table import layer_table
from streamhw.errors import UserError
from streamhw.frontend import Model, load
from streamhw.graph.float_reference import forward
from streamhw.quantization.config import QuantConfig
from streamhw.quantization.quantizer import quantize

torch = pytest.importorskip("torch", reason="needs torch: pip install torch", exc_type=ImportError)

ROOT = Path(__file__).parents[3]
LOGITS = run_path(str(ROOT / "scripts" / "family_logits.py"))
CASES: dict[str, dict[str, Any]] = LOGITS["CASES"]
TOKENS = torch.tensor([LOGITS["TOKENS"]])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def exported(module: Any, most: int | None, name: str = "ids", **more: Any) -> Any:
    """A program of any number of tokens up to ``most``, or of those in ``TOKENS``."""
    shapes = {name: {1: torch.export.Dim("n", max=most)}, **dict.fromkeys(more)}
    chosen = None if most is None else shapes
    return torch.export.export(module, (), {name: TOKENS, **more}, dynamic_shapes=chosen)


def transformers_model(case: str, attention: str) -> Any:
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    config = transformers.AutoConfig.for_model(**deepcopy(CASES[case]))
    config.use_cache, config._attn_implementation = False, attention
    module = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = LOGITS["values_of"](name, tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values))
    return module


def directory(folder: Path, case: str, module: Any) -> Path:
    """The module as transformers saves it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CASES[case]))
    tied = {"lm_head.weight"} if module.config.tie_word_embeddings else set()
    tensors = {n: t.numpy() for n, t in module.state_dict().items() if n not in tied}
    save_file(
        {n: np.ascontiguousarray(t) for n, t in tensors.items()}, folder / "model.safetensors"
    )
    return folder


def close(model: Model, module: Any) -> bool:
    tokens = TOKENS[0].numpy()
    with torch.no_grad():
        wanted = module(TOKENS)
        wanted = getattr(wanted, "logits", wanted)[0].numpy()
    found = forward(model.graph, model.weights, tokens, all_rows=True)["logits"][-len(wanted) :]
    return bool(np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("case", "attention"),
    [
        ("gpt2", "sdpa"),
        ("gpt2_untied_unscaled", "eager"),
        ("llama3_of_transformers_4", "eager"),
        ("llama_biases_tied", "sdpa"),
        ("qwen2", "sdpa"),
        ("qwen3", "eager"),
        ("gemma3_of_transformers_4", "sdpa"),
    ],
)
def test_transformers_models_are_their_directories(
    case: str, attention: str, tmp_path: Path
) -> None:
    """The same graph, the same tensors, and so the same integers."""
    module = transformers_model(case, attention)
    context = getattr(module.config, "n_positions", None) or module.config.max_position_embeddings
    program = exported(module, context, "input_ids", use_cache=False)
    raised, saved = streamhw.load(program), load(directory(tmp_path / "model", case, module))
    assert close(raised, module)
    names = [p.name.removeprefix("transformer.") for p in raised.graph.parameters()]
    assert names == [p.name for p in saved.graph.parameters()]
    assert raised.graph.context == saved.graph.context
    assert str(raised.graph.nodes).replace("transformer.", "") == str(saved.graph.nodes)
    config = QuantConfig(scale_group=None, tokens=64)
    first, second = (quantize(m, layer_table().quantization, config) for m in (raised, saved))
    assert first.plans == second.plans
    for node, loop in saved.graph.walk():
        for layer in (None,) if loop is None else range(loop.trips):
            one, other = (q.parameters(node.name, layer) for q in (first, second))
            for name in vars(other) if other is not None else ():
                assert np.array_equal(getattr(one, name), getattr(other, name)), (node.name, name)


@pytest.mark.parametrize("most", [63, None])
@pytest.mark.parametrize("name", ["rotated", "learned", "fused"])
def test_plain_decoders(name: str, most: int | None, tmp_path: Path) -> None:
    from tests.frontend.exported.decoders import DECODERS, made

    module = made(DECODERS[name])
    file = tmp_path / "my model.pt2"
    torch.export.save(exported(module, most), file)
    model = load(file)
    assert close(model, module)
    assert model.graph.context == (most or TOKENS.shape[1])
    assert bool(model.notes) == (most is None)
    assert model.name == "my_model.pt2"


def test_what_no_layer_does_is_named_with_its_place() -> None:
    from tests.frontend.exported.decoders import CumulativeSum, made

    message = r"^program: operation aten.cumsum.default \(cumsum\) cannot become hardware: "
    with pytest.raises(UserError, match=message) as caught:
        load(exported(made(CumulativeSum), 63))
    assert caught.value.hint is not None


def test_files_that_are_no_programs(tmp_path: Path) -> None:
    file = tmp_path / "broken.pt2"
    for content in (b"", b"PK\x03\x04" + bytes(100), b"text"):
        file.write_bytes(content)
        with pytest.raises(UserError, match=f"^{re.escape(str(file))}: the file must be a program"):
            load(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(UserError, match="configuration file is missing"):
        load(file)


def test_two_sequences_are_refused() -> None:
    from tests.frontend.exported.decoders import Learned, made

    program = torch.export.export(made(Learned), (torch.cat([TOKENS, TOKENS]),))
    with pytest.raises(UserError, match=r"^program: the program must be exported for one sequence"):
        load(program)


def test_weights_beside_a_program_are_refused(tmp_path: Path) -> None:
    from tests.frontend.exported.decoders import Learned, made

    with pytest.raises(UserError, match="--weights must be left out"):
        load(exported(made(Learned), 63), tmp_path)
