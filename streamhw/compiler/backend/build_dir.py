# SPDX-License-Identifier: Apache-2.0
"""A build folder: Verilog, manifest, memory image and report, all of it or nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import UserError
from ...quantization.quantized_model import QuantizedModel
from ..ir.level_codec import dumps, loads
from ..ir.levels import PlacedNetlist
from ..overrides import DECISIONS_FILE
from .emit import IMAGE_FILE, VERILOG_FILE, Emitted
from .image import design_image

__all__ = [
    "DESIGN_FILE",
    "DUMP_FILE",
    "REPORT_FILE",
    "check_folder",
    "read_key",
    "read_netlist",
    "write_build",
    "write_stopped",
]

REPORT_FILE = "report.json"
DESIGN_FILE = "design.json"
DUMP_FILE = "design.txt"
NETLIST_FILE = "netlist.json"
MANIFEST_FILE = "manifest.json"
KEY_FILE = ".key"
"""Digest of everything that a build was made from, and the bytes of its memory image: says whether
it can be used again."""


def read_key(folder: Path) -> str | None:
    """The key of the build in a folder, if there is one and no file is missing or cut off."""
    try:
        key, stored = (folder / KEY_FILE).read_text().split()
        whole = (folder / IMAGE_FILE).stat().st_size == int(stored)
    except (OSError, ValueError):
        return None
    files = (VERILOG_FILE, MANIFEST_FILE, REPORT_FILE, DESIGN_FILE, NETLIST_FILE)
    return key if whole and all((folder / name).is_file() for name in files) else None


def read_netlist(folder: Path) -> PlacedNetlist:
    """The netlist that the build in a folder was emitted from.

    Raises ``UserError`` if there is none, or it is damaged or of another version.
    """
    try:
        return loads(PlacedNetlist, (folder / NETLIST_FILE).read_text())
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"Build {folder} must have its {NETLIST_FILE} as it was written, but: {said}",
            hint="build again with this version of streamhw",
        ) from None


def check_folder(folder: Path, *, whole: bool = True) -> None:
    """Raises ``UserError`` if a build cannot be written to ``folder``: before any work is done.

    whole: False for what a stopped build writes, which must not take the place of a whole one
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"Output must be a folder, not the file {folder}")
    known = [name for name in (MANIFEST_FILE, DECISIONS_FILE) if (folder / name).is_file()]
    if folder.is_dir() and any(folder.iterdir()) and not known:
        raise UserError(
            f"Output folder {folder} must be empty or an earlier build, and it is neither",
            hint="choose another one with -o",
        )
    if not whole and MANIFEST_FILE in known:
        raise UserError(
            f"Output folder {folder} must not hold a whole build where a stopped one is written",
            hint="choose another one with -o",
        )
    home = folder.absolute().parent
    while not home.exists():
        home = home.parent
    try:
        with tempfile.TemporaryDirectory(dir=home):
            pass
    except OSError as error:
        raise UserError(
            f"Output folder {folder} must be writable, but {home} gives: {error.strerror}"
        ) from None


def write_build(
    design: PlacedNetlist,
    quantized: QuantizedModel,
    emitted: Emitted,
    texts: Mapping[str, str],
    key: str,
    folder: Path,
    *,
    on_bytes: Callable[[int, int], None] | None = None,
) -> None:
    """Writes all files beside ``folder`` and moves them there at once.

    texts: further files by name
    on_bytes: called with the bytes of the memory image written so far, and all

    An interrupt or an error leaves what was in ``folder`` before. Raises ``UserError`` if the
    folder cannot be written.
    """

    def fill(work: Path) -> None:
        (work / VERILOG_FILE).write_text(emitted.verilog)
        memory = design.memory
        written = 0
        with (work / IMAGE_FILE).open("wb") as file:
            for piece in design_image(design, quantized):
                file.write(piece.tobytes())
                written += len(piece)
                if on_bytes is not None:
                    on_bytes(written, memory.stored)
        for name, text in texts.items():
            (work / name).write_text(text)
        (work / KEY_FILE).write_text(f"{key} {written}\n")
        (work / NETLIST_FILE).write_text(dumps(design))
        emitted.manifest.save(work / MANIFEST_FILE)

    _replace(folder.absolute(), fill)


def write_stopped(texts: Mapping[str, str], folder: Path) -> None:
    """Writes what a stopped build has to say, in the same way."""

    def fill(work: Path) -> None:
        for name, text in texts.items():
            (work / name).write_text(text)

    _replace(folder.absolute(), fill)


def _replace(folder: Path, fill: Callable[[Path], None]) -> None:
    """Puts a folder that ``fill`` has filled into the place of another, whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise UserError(f"Output folder {folder} must be writable, but: {error.strerror}") from None
    old = folder.with_name(f"{work.name}.old")
    try:
        work.chmod(0o755)
        fill(work)
        if folder.exists():
            os.replace(folder, old)
        os.replace(work, folder)
    except OSError as error:
        raise UserError(f"Build must be written to {folder}, but: {error.strerror}") from None
    finally:
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
