# SPDX-License-Identifier: Apache-2.0
"""A build folder: Verilog, manifest, memory image, netlist and report, all of it or nothing."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from ...errors import UserError
from ...json_file import load_json
from ...quantization.quantized_model import QuantizedModel
from ...runtime.manifest import Manifest, ManifestFile
from ..ir.level_codec import dumps, loads
from ..ir.levels import PlacedNetlist
from ..overrides import DECISIONS_FILE
from .emit import IMAGE_FILE, VERILOG_FILE, Emitted
from .image import design_image
from .output_folder import check_output, replace_files

__all__ = [
    "DUMP_FILE",
    "ERRORS_FILE",
    "MANIFEST_FILE",
    "MODEL_FILE",
    "QUALITY_FILE",
    "REPORT_FILE",
    "check_folder",
    "is_whole",
    "read_build",
    "read_file",
    "write_build",
    "write_stopped",
    "written_files",
]

REPORT_FILE = "report.json"
DUMP_FILE = "design.txt"
QUALITY_FILE = "quality.json"
ERRORS_FILE = "errors.json"
MODEL_FILE = "model.json"
NETLIST_FILE = "netlist.json"
MANIFEST_FILE = "manifest.json"
STOPPED_FILE = "stopped.json"
"""In place of the manifest, of a build that stopped after a stage."""

STOPPED_FILES = frozenset({STOPPED_FILE, DUMP_FILE, DECISIONS_FILE})
BUILD_FILES = frozenset(
    {MANIFEST_FILE, VERILOG_FILE, NETLIST_FILE, IMAGE_FILE, REPORT_FILE, DUMP_FILE, DECISIONS_FILE}
    | {QUALITY_FILE, ERRORS_FILE, MODEL_FILE}
)


def is_whole(folder: Path, source: str) -> bool:
    """Whether a folder holds the build that was made from ``source``, and no file is missing or cut
    off."""
    try:
        if not (folder / MANIFEST_FILE).is_file():
            return False
        manifest = Manifest.load(folder)
        sizes = {file.name: (folder / file.name).stat().st_size for file in manifest.files}
    except (UserError, OSError, ValueError):
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
    content = read_file(folder, manifest, NETLIST_FILE)
    try:
        return manifest, loads(PlacedNetlist, content)
    except ValueError as error:
        _refuse(folder, NETLIST_FILE, str(error))


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """A file of a build; raises ``UserError`` if it is not what was written."""
    written = {file.name: file.sha256 for file in manifest.files}
    try:
        if (folder / name).exists() and not (folder / name).is_file():
            _refuse(folder, name, "it is a folder or a device")
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
    check_output(folder, BUILD_FILES if whole else STOPPED_FILES, written_files)
    if not whole and MANIFEST_FILE in written_files(folder):
        raise UserError(
            f"Output folder {folder} must not hold a whole build where a stopped one is written",
            hint="choose another one with -o",
        )


def written_files(folder: Path) -> frozenset[str]:
    """The names of files in a folder that an earlier build wrote: those that its manifest lists,
    and the manifest itself.

    A file that builds of this version do not write, but that of another listed, counts if it is
    still as it was written: what anybody may have put into a list cannot cost them a file.
    """
    found: set[str] = set()
    for file, marks in ((MANIFEST_FILE, {"digest", "registers"}), (STOPPED_FILE, {"stopped"})):
        try:
            if not (folder / file).is_file():
                continue
            content = load_json(folder / file)
            if not marks <= content.keys():  # others call files so, too
                continue
            listed = {str(entry["name"]): entry["sha256"] for entry in content["files"]}
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            continue
        found.add(file)
        for name, digest in listed.items():
            if name in BUILD_FILES | STOPPED_FILES or _is_as_written(folder, name, digest):
                found.add(name)
    return frozenset(found)


def _is_as_written(folder: Path, name: str, digest: object) -> bool:
    file = folder / name
    if Path(name).name != name or "\0" in name or file.is_symlink() or not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == digest
    except OSError:
        return False


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
    """Writes all files of a build into ``folder``, in place of those of an earlier one.

    texts: further files by name
    source: digest of what the build was made from; weights: where those come from
    on_bytes: called with the bytes of the memory image written so far, and all

    Files that no build wrote stay. An interrupt or an error leaves what was in ``folder`` before.
    Raises ``UserError`` if the folder cannot be written, or has a file of the user's in the way.
    """

    def image() -> Iterable[memoryview]:
        written = 0
        for piece in design_image(design, quantized):
            yield np.ascontiguousarray(piece).data.cast("B")
            written += len(piece)
            if on_bytes is not None:
                on_bytes(written, design.memory.stored)

    def fill(work: Path) -> None:
        named = {VERILOG_FILE: emitted.verilog, NETLIST_FILE: dumps(design), **texts}
        files = [_written(work / IMAGE_FILE, image())]
        files += [_written(work / name, [text.encode()]) for name, text in named.items()]
        manifest = replace(emitted.manifest, source=source, weights=weights, files=tuple(files))
        manifest.save(work / MANIFEST_FILE)

    replace_files(folder, written_files, fill, MANIFEST_FILE)


def _written(path: Path, pieces: Iterable[bytes | memoryview]) -> ManifestFile:
    """Writes a file piece by piece."""
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            count += len(piece)
    return ManifestFile(name=path.name, bytes=count, sha256=digest.hexdigest())


def write_stopped(texts: Mapping[str, str], folder: Path, stage: str) -> None:
    """Writes what a build that stopped after a stage has to say, in the same way."""

    def fill(work: Path) -> None:
        files = [_written(work / name, [text.encode()]) for name, text in texts.items()]
        content = {"stopped": stage, "files": [asdict(file) for file in files]}
        (work / STOPPED_FILE).write_text(json.dumps(content, indent=1) + "\n")

    replace_files(folder, written_files, fill, STOPPED_FILE)
