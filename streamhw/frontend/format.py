# SPDX-License-Identifier: Apache-2.0
"""What a file format is: it reads configuration, tensors, tokenizer and texts of a model."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from .reading.config_reader import Values
from .reading.stored_tensor import StoredTensors
from .tokenizers import Tokenizer

__all__ = ["FileFormat"]


@runtime_checkable
class FileFormat(Protocol):
    """One kind of file or directory. A package offers its own as an entry point of group
    ``streamhw.format``. All methods raise ``UserError`` for files that are damaged."""

    def recognizes(self, path: Path) -> bool:
        """Whether a file or directory is of this format; looks at names, not into files."""
        ...

    def config(self, path: Path) -> Values:
        """The configuration, with the names of Hugging Face's config.json."""
        ...

    def tensors(self, path: Path) -> StoredTensors:
        """All tensors by the names in the file."""
        ...

    def tokenizer(self, path: Path) -> Tokenizer | None:
        """The tokenizer, if the files have one."""
        ...

    def text(self, path: Path, role: str) -> str | None:
        """Text for ``calibration`` or ``heldout`` measurements, if the files have it."""
        ...
