# SPDX-License-Identifier: Apache-2.0
"""A build folder: Verilog, manifest, memory image, netlist and report, all of it or nothing."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from ...errors import UserError
from ...quantization.quantized_model import QuantizedModel
from ...runtime.manifest import Manifest, ManifestFile
from ..ir.level_codec import dumps, loads
from ..ir.levels import PlacedNetlist
from ..overrides import DECISIONS_FILE
from .emit import IMAGE_FILE, VERILOG_FILE, Emitted
from .image import design_image

__all__ = [
    "DUMP_FILE",
    "REPORT_FILE",
    "check_folder",
    "is_whole",
    "read_build",
    "read_file",
    "write_build",
    "write_stopped",
]

REPORT_FILE = "report.json"
DUMP_FILE = "design.txt"
NETLIST_FILE = "netlist.json"
MANIFEST_FILE = "manifest.json"


def is_whole(folder: Path, source: str) -> bool:
    """Whether a folder holds the build that was made from ``source``, and no file is missing or cut
    off."""
    if not (folder / MANIFEST_FILE).is_file():
        return False
    try:
        manifest = Manifest.load(folder)
        sizes = {file.name: (folder / file.name).stat().st_size for file in manifest.files}
    except (UserError, OSError):
        return False
    return manifest.source == source and sizes == {f.name: f.bytes for f in manifest.files}


def read_build(folder: Path) -> tuple[Manifest, PlacedNetlist]:
    """The manifest of the build in a folder, and the netlist that it was emitted from.

    Raises ``UserError`` if there is none, or it is damaged or of another version.
    """
    if not (folder / MANIFEST_FILE).is_file():
        raise UserError(
            f"BUILD must be a folder that `build` wrote, not {folder}",
            hint="`python -m streamhw build MODEL -o BUILD` writes one",
        )
    manifest = Manifest.load(folder)
    text = read_file(folder, manifest, NETLIST_FILE).decode()
    try:
        return manifest, loads(PlacedNetlist, text)
    except (ValueError, KeyError, TypeError, ImportError) as error:
        _refuse(folder, NETLIST_FILE, str(error))


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """A file of a build; raises ``UserError`` if it is not what was written."""
    written = {file.name: file.sha256 for file in manifest.files}
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        _refuse(folder, name, str(error.strerror))
    if hashlib.sha256(content).hexdigest() != written.get(name):
        _refuse(folder, name, "it was changed or cut off")
    return content


def _refuse(folder: Path, name: str, said: str) -> NoReturn:
    raise UserError(
        f"Build {folder} must have its {name} as it was written, but: {said}",
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
    folder: Path,
    *,
    source: str,
    weights: str,
    on_bytes: Callable[[int, int], None] | None = None,
) -> None:
    """Writes all files beside ``folder`` and moves them there at once.

    texts: further files by name
    source: digest of what the build was made from; weights: where those come from
    on_bytes: called with the bytes of the memory image written so far, and all

    An interrupt or an error leaves what was in ``folder`` before. Raises ``UserError`` if the
    folder cannot be written.
    """

    def image() -> Iterable[bytes]:
        written = 0
        for piece in design_image(design, quantized):
            yield piece.tobytes()
            written += len(piece)
            if on_bytes is not None:
                on_bytes(written, design.memory.stored)

    def fill(work: Path) -> None:
        named = {VERILOG_FILE: emitted.verilog, NETLIST_FILE: dumps(design), **texts}
        files = [_written(work / IMAGE_FILE, image())]
        files += [_written(work / name, [text.encode()]) for name, text in named.items()]
        manifest = replace(emitted.manifest, source=source, weights=weights, files=tuple(files))
        manifest.save(work / MANIFEST_FILE)

    _replace(folder.absolute(), fill)


def _written(path: Path, pieces: Iterable[bytes]) -> ManifestFile:
    """Writes a file piece by piece."""
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            count += len(piece)
    return ManifestFile(name=path.name, bytes=count, sha256=digest.hexdigest())


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
