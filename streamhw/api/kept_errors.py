# SPDX-License-Identifier: Apache-2.0
"""``errors.json`` of a build: what quantization does to each value in each layer."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..compiler.backend.build_dir import ERRORS_FILE, read_file
from ..compiler.ir.json_codec import decode, encode
from ..reference.rounding_error import RoundingError
from ..runtime.manifest import Manifest

__all__ = ["errors_text", "read_errors"]


def errors_text(errors: Sequence[RoundingError]) -> str:
    """The text of the file."""
    return json.dumps([encode(error) for error in errors], indent=1) + "\n"


def read_errors(folder: Path, manifest: Manifest) -> tuple[RoundingError, ...]:
    """In the order of execution; none of a build with random weights, or without the file.

    Raises ``UserError`` if the file is not what was written.
    """
    listed = ERRORS_FILE in {file.name for file in manifest.files}
    if not listed or not (folder / ERRORS_FILE).is_file():
        return ()
    content = read_file(folder, manifest, ERRORS_FILE)
    return tuple(decode(RoundingError, error) for error in json.loads(content))
