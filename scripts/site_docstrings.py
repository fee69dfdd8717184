# SPDX-License-Identifier: Apache-2.0
"""Extension of griffe, which reads the code for mkdocstrings: docstrings become Markdown."""

from typing import Any

import griffe
from site_pages import from_docstring

__all__ = ["Docstrings"]


class Docstrings(griffe.Extension):
    """Changes each docstring as it is read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = from_docstring(obj.docstring.value)
