# SPDX-License-Identifier: Apache-2.0
"""``model.json`` of a build: the model that it was made from, and where it was loaded from."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..compiler.backend.build_dir import MODEL_FILE, read_file
from ..compiler.ir.json_codec import decode, encode
from ..errors import UserError
from ..frontend import Model, load
from ..frontend.model_source import ModelSource
from ..runtime.manifest import Manifest
from .build_key import model_digest

__all__ = ["load_model", "model_text"]


@dataclass(frozen=True, kw_only=True)
class _KeptModel:
    """digest: as ``model_digest``; source: None for a model that was in memory only"""

    digest: str
    source: ModelSource | None


def model_text(model: Model) -> str:
    """The text of the file."""
    kept = _KeptModel(digest=model_digest(model), source=model.source)
    return json.dumps(encode(kept), indent=1) + "\n"


def load_model(folder: Path, manifest: Manifest) -> Model:
    """The model of the build in a folder.

    Raises ``UserError`` if it is not where it was, or not as it was.
    """
    hint = f"name the model with -o {folder} and the same choices: what fits is reused"
    kept = decode(_KeptModel, json.loads(read_file(folder, manifest, MODEL_FILE)))
    source = kept.source
    if source is None:
        raise UserError(
            f"Build {folder} must be of a model in files, not of one that was in memory only",
            hint="hand what streamhw.build returned to streamhw.simulate",
        )
    try:
        model = load(
            source.model,
            source.weights,
            context=source.context,
            layers=source.layers,
            calibration=source.calibration,
        )
    except UserError as error:
        raise UserError(
            f"Build {folder} must find its model where it was, but: {error}", hint=hint
        ) from None
    if model_digest(model) != kept.digest:
        raise UserError(
            f"Model {source.model} must be as it was when {folder} was built, and is another",
            hint=hint,
        )
    return model
