# SPDX-License-Identifier: Apache-2.0
"""The worked example of a file format: a real checkpoint of a package equals its own numpy."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import streamhw
from streamhw.errors import UserError
from streamhw.frontend.catalog import format_of
from streamhw.graph.float_reference import forward
from tests.packages import install_example

SPEC = find_spec("glassllm")
TEXT = "The old man said, “I am not that name.”\nAnd then"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_example(monkeypatch, tmp_path, "glassllm")
    if SPEC is None or SPEC.origin is None:
        pytest.skip("the package glassllm==0.1.0 is not installed")
    return Path(SPEC.origin).parent / "weights" / "en.npz"


def test_logits_and_answer_are_the_package_s_own(file: Path) -> None:
    from glassllm import load_pretrained

    theirs, text = load_pretrained("en")
    model = streamhw.load(file)
    assert model.tokenizer is not None and model.begin_token == 2 and model.end_tokens == (3,)
    prompt = model.tokenizer.encode(TEXT)
    assert prompt == text.encode(TEXT) and model.tokenizer.decode(prompt) == text.decode(prompt)
    weights = {name: model.weights[name] for name in model.weights}
    head = model.graph.node(model.graph.result).inputs[0]
    ours = forward(model.graph, weights, np.array([prompt]), all_rows=True)[head][0]
    wanted = theirs.forward(prompt).data[0]
    assert np.abs(ours - wanted).max() <= 1e-3 * np.abs(wanted).max()
    said = [step.token for step in theirs.generate(prompt, 64, greedy=True)]
    tokens = list(prompt)
    for _ in said:
        tokens.append(int(forward(model.graph, weights, np.array([tokens]))["next_token"][0, -1]))
    assert tokens[len(prompt) :] == said


def test_sixty_four_tokens_in_hardware(file: Path, tmp_path: Path) -> None:
    """Its gated layers have 341 features, which no engine divides."""
    built = streamhw.build(file, "sim", folder=tmp_path / "out")
    answer = streamhw.simulate(built, "The old man said, ", 64, check=True)
    assert len(answer.tokens) == 64 and answer.compared is not None
    assert answer.compared.streams > 30


def test_damaged_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_example(monkeypatch, tmp_path, "glassllm")
    for content in (b"", b"PK\x03\x04", b"x" * 100):
        (tmp_path / "m.npz").write_bytes(content)
        with pytest.raises(UserError, match="the file must be an archive of glassllm"):
            streamhw.load(tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", a=np.zeros(3))
    with pytest.raises(UserError, match="__config__ is not a file in the archive"):
        streamhw.load(tmp_path / "m.npz")
    assert format_of(tmp_path / "m.npz").text(tmp_path / "m.npz", "heldout") is None
