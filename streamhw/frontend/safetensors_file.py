# SPDX-License-Identifier: Apache-2.0
"""Tensors of safetensors files: one file, or the shards that an index names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  teaches numpy the type bfloat16, as the library names it
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ..errors import UserError
from .reading.json_file import LFS_HINT, is_lfs_pointer, read_json
from .reading.stored_tensor import StoredTensors

__all__ = ["INDEX", "SINGLE", "directory_tensors", "file_tensors"]

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class SafeTensor:
    """A tensor of a safetensors file, which stays memory-mapped."""

    file: Any  # safetensors has no types
    name: str
    shape: tuple[int, ...]
    kind: str

    def read(self) -> NDArray[Any]:
        values: NDArray[Any] = self.file.get_tensor(self.name)
        return values


def file_tensors(path: Path) -> StoredTensors:
    """The tensors of one file; raises ``UserError``."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: the weights must be a file, not a folder or a device")
    if is_lfs_pointer(path):
        raise UserError(f"{path}: the file must hold tensors, not a Git LFS pointer", hint=LFS_HINT)
    try:
        file: Any = safe_open(path, framework="numpy")
        found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return {
            name: SafeTensor(file, name, tuple(part.get_shape()), str(part.get_dtype()))
            for name, part in found.items()
        }
    except FileNotFoundError:
        raise UserError(f"{path}: the weights file is missing") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path}: the file must be a complete safetensors file ({error})") from None


def directory_tensors(path: Path) -> StoredTensors:
    """The tensors of a directory: of the one file, as Hugging Face prefers it, or of all shards."""
    if (path / SINGLE).exists() or not (path / INDEX).exists():
        _no_pickles(path)
        return file_tensors(path / SINGLE)
    index = path / INDEX
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise UserError(f"{index}: weight_map must be an object of tensors and their files")
    files: dict[str, StoredTensors] = {}
    for name, shard in shards.items():
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise UserError(
                f"{index}: file of tensor {name} must be a name in the directory, not {shard!r}"
            )
        if shard not in files:
            files[shard] = file_tensors(path / shard)
        if name not in files[shard]:
            raise UserError(f"{path / shard}: tensor {name} is missing")
    # Hugging Face reads all of a shard, named in the index or not.
    others = {name: tensor for tensors in files.values() for name, tensor in tensors.items()}
    return others | {name: files[shard][name] for name, shard in shards.items()}


def _no_pickles(path: Path) -> None:
    """Refuses a directory whose weights are only there as Python pickles, which run code."""
    if (path / SINGLE).exists():
        return
    pickles = sorted(file.name for kind in _PICKLES for file in path.glob(kind))
    if pickles:
        raise UserError(
            f"{path}: the weights must be in {SINGLE}, not in the pickle {pickles[0]}",
            hint="pickles run code when they are read; in Python with transformers: "
            "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(other_folder)",
        )
