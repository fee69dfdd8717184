# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of a Hugging Face directory, whichever files hold it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError
from ..reading.json_file import read_json
from .chat_template import ChatTemplate
from .library_tokenizer import LibraryTokenizer
from .tokenizer import Tokenizer
from .vocabulary_files import FILES, vocabulary_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

__all__ = ["directory_tokenizer"]


def directory_tokenizer(directory: Path) -> Tokenizer | None:
    """The tokenizer of tokenizer.json, else of vocab.json and merges.txt; None if neither is whole.

    Raises ``UserError`` if tokenizer_config.json is damaged; the others are read when they are
    needed.
    """
    file = directory / "tokenizer.json"
    if not file.is_file() and not all((directory / name).is_file() for name in FILES):
        return None
    settings = _settings(directory / "tokenizer_config.json")
    template = _template(directory, settings)
    if not file.is_file():
        return vocabulary_tokenizer(directory, settings, template)
    return LibraryTokenizer(source=file, make=partial(_read, file), template=template)


def _read(file: Path) -> "Library":
    from tokenizers import Tokenizer as Library

    library = Library.from_str(file.read_text(encoding="utf-8-sig"))
    library.no_truncation()
    library.no_padding()
    return library


def _settings(file: Path) -> dict[str, Any]:
    return read_json(file) if file.exists() else {}


def _template(directory: Path, settings: dict[str, Any]) -> ChatTemplate | None:
    """The chat template: a file of its own, or in the settings, one or several by name."""
    file = directory / "chat_template.jinja"
    try:
        found: Any = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        file, found = directory / "tokenizer_config.json", settings.get("chat_template")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: the file must be UTF-8 text ({error})") from None
    if isinstance(found, list):
        named = {part.get("name"): part.get("template") for part in found if isinstance(part, dict)}
        found = named.get("default")
    if not isinstance(found, str):
        return None
    begin, end = (_content(settings.get(name)) for name in ("bos_token", "eos_token"))
    return ChatTemplate(source=str(file), text=found, begin=begin, end=end)


def _content(token: Any) -> str:
    """The text of a special token, which files hold as it is or with its properties."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""
