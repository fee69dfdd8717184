# SPDX-License-Identifier: Apache-2.0
"""The folder of a build where a model may be named."""

import time
from pathlib import Path

from ..api.build import Build
from ..api.load_build import load_build
from ..compiler.backend.build_dir import MANIFEST_FILE
from ..errors import UserError
from .build import BuildRequest
from .records.builds import BuildRecord
from .show import Console

__all__ = ["finished_build", "finished_folder"]


def finished_folder(request: BuildRequest) -> Path | None:
    """The folder of the build that was named; None if a model was.

    Raises ``UserError`` if choices of a design were typed with a build, which has all of them.
    """
    folder = Path(request.model)
    if not (folder / MANIFEST_FILE).exists():
        return None
    if request != BuildRequest(model=request.model):
        raise UserError(
            f"Choices of a design must come with a model, not with the build {folder}",
            hint="leave them out, or name the model",
        )
    return folder


def finished_build(request: BuildRequest, console: Console, *, told: bool = True) -> Build | None:
    """The build that was named, with its model; None if a model was named.

    told: whether scripts are told of it, as of one that is reused

    Raises ``UserError`` as ``finished_folder`` and ``load_build`` do.
    """
    begin = time.perf_counter()
    folder = finished_folder(request)
    if folder is None:
        return None
    built = load_build(folder)
    if told and console.scripted:
        console.tell(BuildRecord.of(built, time.perf_counter() - begin))
    return built
