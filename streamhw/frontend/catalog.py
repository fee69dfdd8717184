# SPDX-License-Identifier: Apache-2.0
"""Families and file formats: those that ship with streamhw, and those of installed packages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..extensions import extensions, find
from .family import ModelFamily
from .format import FileFormat
from .gemma import GEMMA
from .gemma2 import GEMMA2
from .gemma3 import GEMMA3
from .gguf_format import GGUF
from .gpt2 import GPT2
from .hf import HUGGING_FACE
from .llama import LLAMA
from .mistral import MISTRAL
from .qwen2 import QWEN2
from .qwen3 import QWEN3
from .reading.config_reader import ConfigReader, Values

__all__ = ["FAMILIES", "FAMILY_GROUP", "FORMATS", "FORMAT_GROUP", "family_of", "format_of"]

FAMILY_GROUP, FORMAT_GROUP = "streamhw.model", "streamhw.format"
"""The entry points that offer families and formats."""

FAMILIES: Mapping[str, ModelFamily[Any]] = {
    kind: family
    for family in (GPT2, LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3)
    for kind in family.model_types
}
"""By the ``model_type`` of a configuration."""

FORMATS: Mapping[str, FileFormat] = {"gguf": GGUF, "huggingface": HUGGING_FACE}


def family_of(values: Values, source: str) -> ModelFamily[Any]:
    """The family that reads a configuration; raises ``UserError`` that names ``source``."""
    kind = values.get("model_type")
    if not isinstance(kind, str):
        ConfigReader(values, source).refuse("model_type", "the name of an architecture")
    # Protocols of methods: not classes that mypy could instantiate.
    added = extensions(FAMILY_GROUP, ModelFamily)
    if (extension := find("Model family", kind, FAMILIES, added)) is not None:
        return extension.value
    if kind in FAMILIES:
        return FAMILIES[kind]
    known = ", ".join((*FAMILIES, *(other.name for other in added)))
    raise UserError(f"{source}: architecture must be one of {known}, not {kind}")


def format_of(path: Path) -> FileFormat:
    """The format of a file or directory: of those that recognize it, streamhw's own first; a
    Hugging Face directory if none does, which then says what is missing.

    Raises ``UserError`` if the format that would have to be asked is broken.
    """
    for own in FORMATS.values():
        if own.recognizes(path):
            return own
    for extension in extensions(FORMAT_GROUP, FileFormat):
        if extension.value.recognizes(path):
            return extension.value
    return HUGGING_FACE
