# SPDX-License-Identifier: Apache-2.0
"""Models by name: shapes that everybody knows, and the checkpoint that ships with the package."""

from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from ..graph import Graph
from .decoder import DecoderConfig, decoder_graph
from .gpt2 import Gpt2Config, gpt2_graph
from .hf import SHIPPED, calibration_text, load_directory, tokenizer_directory
from .model import Config, Model, Origin
from .weights import CheckpointWeights, RandomWeights

__all__ = ["CHECKPOINTS", "SHAPES", "load", "model_names"]

SHAPES: Mapping[str, Config] = {
    "gpt2": Gpt2Config(
        layers=12,
        features=768,
        heads=12,
        vocabulary=50257,
        context=1024,
        hidden=3072,
        end_of_text=50256,
    ),
    "gpt2-medium": Gpt2Config(
        layers=24,
        features=1024,
        heads=16,
        vocabulary=50257,
        context=1024,
        hidden=4096,
        end_of_text=50256,
    ),
    "qwen2.5-0.5b": DecoderConfig(
        layers=24,
        features=896,
        hidden=4864,
        heads=14,
        kv_heads=2,
        head_dim=64,
        vocabulary=151_936,
        context=1024,
        bases=(1e6,),
        projection_bias=True,
        end_of_text=151_643,
    ),
    "llama-1.1b": DecoderConfig(
        layers=22,
        features=2048,
        hidden=5632,
        heads=32,
        kv_heads=4,
        head_dim=64,
        vocabulary=32_000,
        context=1024,
        epsilon=1e-5,
        tied=False,
        end_of_text=2,
    ),
    # Five of six layers see a window of 512 positions: up to that many it hides nothing.
    "gemma3-1b": DecoderConfig(
        layers=26,
        features=1152,
        hidden=6912,
        heads=4,
        kv_heads=1,
        head_dim=256,
        vocabulary=262_144,
        context=512,
        function="gelu_tanh",
        bases=(1e4, 1e4, 1e4, 1e4, 1e4, 1e6),
        head_norms=True,
        outer_norms=True,
        embedding_scale=1152**0.5,
        end_of_text=1,
    ),
}
"""Named shapes; their weights are the user's, or seeded random ones."""

CHECKPOINTS = {"gpt2-shakespeare": SHIPPED}
"""Named checkpoints that ship with the package."""


def model_names() -> tuple[str, ...]:
    """All names that ``load`` knows, sorted."""
    return tuple(sorted((*SHAPES, *CHECKPOINTS)))


def load(name_or_path: str | Path, weights: str | Path | None = None) -> Model:
    """The model of that name, or in that Hugging Face directory.

    weights: a safetensors file or a directory that has one, instead of the model's own. A named
        shape without them gets seeded random weights.

    Raises ``UserError`` if there is no such model or its files cannot be used.
    """
    name = str(name_or_path)
    given = None if weights is None else Path(weights)
    if given is not None and not given.exists():
        raise UserError(f"{given}: the weights file is missing")
    if name in CHECKPOINTS:
        return load_directory(CHECKPOINTS[name], name=name, weights=given)
    if name in SHAPES:
        return _named(name, SHAPES[name], given)
    path = Path(name_or_path)
    if not path.is_dir():
        known = ", ".join(model_names())
        raise UserError(f"MODEL must be one of {known}, or a directory, not {name!r}")
    return load_directory(path, weights=given)


def _graph(name: str, config: Config) -> Graph:
    if isinstance(config, DecoderConfig):
        return decoder_graph(name, config)
    return gpt2_graph(name, config)


def _named(name: str, config: Config, weights: Path | None) -> Model:
    graph = _graph(name, config)
    if weights is None:
        random = RandomWeights(graph, additions=2 * config.layers)
        return Model(name=name, graph=graph, config=config, weights=random, origin=Origin.RANDOM)
    home = weights if weights.is_dir() else weights.parent
    return Model(
        name=name,
        graph=graph,
        config=config,
        weights=CheckpointWeights(weights, graph),
        origin=Origin.CHECKPOINT,
        tokenizer=tokenizer_directory(home),
        calibration=calibration_text(home),
    )
