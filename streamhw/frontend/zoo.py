# SPDX-License-Identifier: Apache-2.0
"""Models by name or path: named shapes, the checkpoint that ships, files of any known format."""

from pathlib import Path
from typing import Any

from ..errors import UserError
from ..graph import Graph
from .catalog import family_of, format_of
from .decoder import DECODER, DecoderConfig
from .family import ArchitectureConfig, ModelFamily
from .gpt2 import GPT2
from .model import Model, Origin
from .shapes import END_TOKENS, SHAPES
from .special_tokens import begin_token, end_tokens
from .weights import CheckpointWeights, RandomWeights

__all__ = ["CHECKPOINTS", "load", "model_names"]

SHIPPED = Path(__file__).parent / "checkpoints" / "gpt2-shakespeare"
"""The checkpoint, and the calibration text, that ship with the package."""

CHECKPOINTS = {"gpt2-shakespeare": SHIPPED}
"""Named checkpoints that ship with the package."""


def model_names() -> tuple[str, ...]:
    """All names that ``load`` knows, sorted."""
    return tuple(sorted((*SHAPES, *CHECKPOINTS)))


def load(name_or_path: str | Path, weights: str | Path | None = None) -> Model:
    """The model of that name, or in those files.

    name_or_path: a name of `list models`; a Hugging Face directory; files of a format that an
        installed package reads
    weights: a file or directory with tensors, instead of the model's own. A named shape without
        them gets seeded random weights.

    Raises ``UserError`` if there is no such model or its files cannot be used.
    """
    name = str(name_or_path)
    given = None if weights is None else Path(weights)
    if given is not None and not given.exists():
        raise UserError(f"{given}: the weights file is missing")
    if name in CHECKPOINTS:
        return _read(CHECKPOINTS[name], name, given)
    if name in SHAPES:
        config = SHAPES[name]
        family: ModelFamily[Any] = DECODER if isinstance(config, DecoderConfig) else GPT2
        return _named(name, family, config, given)
    path = Path(name_or_path)
    if not path.exists():
        known = ", ".join(model_names())
        raise UserError(f"MODEL must be one of {known}, or a directory, not {name!r}")
    return _read(path, "_".join(path.resolve().name.split()) or "model", given)


def _read(path: Path, name: str, weights: Path | None) -> Model:
    """The model in a file or directory; without calibration text of its own, one with a tokenizer
    takes the package's."""
    files = format_of(path)
    values, source = files.config(path), str(path / "config.json" if path.is_dir() else path)
    family = family_of(values, source)
    config = family.read_config(values, source)
    graph = family.graph(name, config)
    return Model(
        name=name,
        graph=graph,
        config=config,
        weights=_tensors(weights or path, graph, family),
        origin=Origin.CHECKPOINT,
        end_tokens=end_tokens(values, graph.vocabulary, source),
        begin_token=begin_token(values, graph.vocabulary, source),
        tokenizer=files.tokenizer(path),
        calibration=_calibration(path),
        heldout=files.text(path, "heldout"),
    )


def _named(
    name: str, family: ModelFamily[Any], config: ArchitectureConfig, weights: Path | None
) -> Model:
    graph = family.graph(name, config)
    ends = (END_TOKENS[name],)
    if weights is None:
        random = RandomWeights(graph, additions=2 * config.layers)
        return Model(
            name=name,
            graph=graph,
            config=config,
            weights=random,
            origin=Origin.RANDOM,
            end_tokens=ends,
        )
    home = weights if weights.is_dir() else weights.parent
    return Model(
        name=name,
        graph=graph,
        config=config,
        weights=_tensors(weights, graph, family),
        origin=Origin.CHECKPOINT,
        end_tokens=ends,
        tokenizer=format_of(home).tokenizer(home),
        calibration=_calibration(home),
    )


def _tensors(path: Path, graph: Graph, family: ModelFamily[Any]) -> CheckpointWeights:
    return CheckpointWeights(path, format_of(path).tensors(path), graph, family.stored_names)


def _calibration(path: Path) -> str | None:
    files = format_of(path)
    own = files.text(path, "calibration")
    if own is not None or files.tokenizer(path) is None:
        return own
    return format_of(SHIPPED).text(SHIPPED, "calibration")
