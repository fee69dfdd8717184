# SPDX-License-Identifier: Apache-2.0
"""GGUF as a file format: one file with everything that a model needs."""

from pathlib import Path

from .gguf.config import architecture_of, config_of
from .gguf.reader import read_gguf
from .gguf.tensors import tensors_of
from .gguf.tokenizer import tokenizer_of
from .reading.config_reader import Values
from .reading.stored_tensor import StoredTensors
from .tokenizers import Tokenizer

__all__ = ["GGUF", "GgufFormat"]


class GgufFormat:
    """A ``.gguf`` file of llama.cpp: quantized tensors are made floats as they are read."""

    def recognizes(self, path: Path) -> bool:
        return path.suffix.lower() == ".gguf"

    def config(self, path: Path) -> Values:
        return config_of(read_gguf(path))

    def tensors(self, path: Path) -> StoredTensors:
        file = read_gguf(path)
        return dict(tensors_of(file, architecture_of(file)[1]))

    def tokenizer(self, path: Path) -> Tokenizer | None:
        return tokenizer_of(read_gguf(path))

    def text(self, path: Path, role: str) -> str | None:
        return None


GGUF = GgufFormat()
