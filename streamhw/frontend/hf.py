# SPDX-License-Identifier: Apache-2.0
"""Hugging Face model directories: config.json, safetensors, tokenizer files."""

import json
from pathlib import Path

from ..errors import UserError
from .gpt2 import Gpt2Config, gpt2_graph
from .model import Model, Origin
from .weights import CheckpointWeights

__all__ = ["SHIPPED", "calibration_text", "load_directory", "tokenizer_directory"]

SHIPPED = Path(__file__).parent / "checkpoints" / "gpt2-shakespeare"
"""The checkpoint, and the calibration text, that ship with the package."""


def load_directory(path: Path, *, name: str | None = None, weights: Path | None = None) -> Model:
    """Loads the model in ``path``; ``weights`` names another file or directory of tensors.

    ``calibration.txt`` and ``heldout.txt`` beside the checkpoint are used if they are there.
    Without calibration text of its own, a model with a tokenizer takes the package's.

    Raises ``UserError`` if config.json is missing or not understood, the architecture or its
    activation function is unknown, or as ``CheckpointWeights`` does.
    """
    config = Gpt2Config.from_json(_read_json(path / "config.json"), str(path / "config.json"))
    label = name or "_".join(path.resolve().name.split()) or "model"
    graph = gpt2_graph(label, config)
    return Model(
        name=label,
        graph=graph,
        config=config,
        weights=CheckpointWeights(weights or path, graph),
        origin=Origin.CHECKPOINT,
        tokenizer=tokenizer_directory(path),
        calibration=calibration_text(path),
        heldout=_text(path / "heldout.txt"),
    )


def tokenizer_directory(path: Path) -> Path | None:
    """``path`` if tokenizer files are there."""
    complete = all((path / name).is_file() for name in ("vocab.json", "merges.txt"))
    return path if complete else None


def calibration_text(path: Path) -> str | None:
    """The directory's own calibration text, or the package's where there is a tokenizer."""
    own = _text(path / "calibration.txt")
    if own is not None or tokenizer_directory(path) is None:
        return own
    return _text(SHIPPED / "calibration.txt")


def _read_json(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: the configuration file is missing") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: the file must be JSON ({error})") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: the file must hold a JSON object")
    return values


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
