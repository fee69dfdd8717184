# SPDX-License-Identifier: Apache-2.0
"""Hugging Face model directories: config.json, safetensors, tokenizer files, texts."""

from pathlib import Path

from ..errors import UserError
from .generation_config import with_generation_config
from .reading.config_reader import Values
from .reading.json_file import read_json
from .reading.stored_tensor import StoredTensors
from .reading.text_file import read_text
from .safetensors_file import directory_tensors, file_tensors
from .tokenizers import Tokenizer, directory_tokenizer

__all__ = ["HUGGING_FACE", "HuggingFace"]

_CONFIG = "config.json"
_OUTER = ("model_type", "bos_token_id", "eos_token_id", "quantization_config")


class HuggingFace:
    """A directory with ``config.json``, and ``model.safetensors`` or
    ``model.safetensors.index.json`` with the shards that it names; or one safetensors file.

    ``calibration.txt`` and ``heldout.txt`` beside the checkpoint are used if they are there.
    """

    def recognizes(self, path: Path) -> bool:
        return (path / _CONFIG).is_file() or path.suffix == ".safetensors"

    def config(self, path: Path) -> Values:
        if not path.is_dir():
            beside = (path.parent / _CONFIG).is_file()
            raise UserError(
                f"{path}: MODEL must be a directory with {_CONFIG}, not a file of another kind",
                hint=f"name the directory, {path.absolute().parent}" if beside else None,
            )
        if not (path / _CONFIG).exists():
            raise UserError(f"{path / _CONFIG}: the configuration file is missing")
        values = read_json(path / _CONFIG)
        if isinstance(text := values.get("text_config"), dict):
            # A model that sees images as well: what stands outside holds for both halves.
            values = text | {key: values[key] for key in _OUTER if key in values}
        return with_generation_config(values, path)

    def tensors(self, path: Path) -> StoredTensors:
        return directory_tensors(path) if path.is_dir() else file_tensors(path)

    def tokenizer(self, path: Path) -> Tokenizer | None:
        return directory_tokenizer(path)

    def text(self, path: Path, role: str) -> str | None:
        file = path / f"{role}.txt"
        return read_text(file) if file.is_file() else None


HUGGING_FACE = HuggingFace()
