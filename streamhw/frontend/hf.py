# SPDX-License-Identifier: Apache-2.0
"""Hugging Face model directories: config.json, safetensors, tokenizer files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..errors import UserError
from .config_values import Values
from .format import StoredTensor
from .generation_config import with_generation_config
from .tokenizers import Tokenizer, directory_tokenizer

__all__ = ["HUGGING_FACE", "HuggingFace"]


@dataclass(frozen=True)
class SafeTensor:
    """A tensor of a safetensors file, which stays memory-mapped."""

    file: Any  # safetensors has no types
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.file.get_slice(self.name).get_shape())

    @property
    def kind(self) -> str:
        return str(self.file.get_slice(self.name).get_dtype())

    def read(self) -> NDArray[Any]:
        values: NDArray[Any] = self.file.get_tensor(self.name)
        return values


class HuggingFace:
    """A directory with ``config.json``, and ``model.safetensors`` or
    ``model.safetensors.index.json`` with the shards that it names; or one safetensors file.

    ``calibration.txt`` and ``heldout.txt`` beside the checkpoint are used if they are there.
    """

    def recognizes(self, path: Path) -> bool:
        return (path / "config.json").is_file() or path.suffix == ".safetensors"

    def config(self, path: Path) -> Values:
        file = path / "config.json"
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(f"{file}: the configuration file is missing") from None
        except (OSError, ValueError) as error:
            raise UserError(f"{file}: the file must be JSON ({error})") from None
        if not isinstance(values, dict):
            raise UserError(f"{file}: the file must hold a JSON object")
        return with_generation_config(values, path)

    def tensors(self, path: Path) -> Mapping[str, StoredTensor]:
        if not path.is_dir():
            file = _open(path)
            return {name: SafeTensor(file, name) for name in file.keys()}  # noqa: SIM118
        index = path / "model.safetensors.index.json"
        if not index.exists():
            return self.tensors(path / "model.safetensors")
        try:
            shards: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        except (ValueError, KeyError):
            raise UserError(f"{index}: the file must be JSON with a weight_map") from None
        files = {shard: _open(path / shard) for shard in sorted(set(shards.values()))}
        held = {shard: set(file.keys()) for shard, file in files.items()}
        for name, shard in shards.items():
            if name not in held[shard]:
                raise UserError(f"{path / shard}: tensor {name} is missing")
        return {name: SafeTensor(files[shard], name) for name, shard in shards.items()}

    def tokenizer(self, path: Path) -> Tokenizer | None:
        return directory_tokenizer(path)

    def text(self, path: Path, role: str) -> str | None:
        file = path / f"{role}.txt"
        return file.read_text(encoding="utf-8") if file.is_file() else None


HUGGING_FACE = HuggingFace()


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except FileNotFoundError:
        raise UserError(f"{path}: the weights file is missing") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: the file must be a complete safetensors file ({error})") from None
