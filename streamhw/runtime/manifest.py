# SPDX-License-Identifier: Apache-2.0
"""What the compiler tells simulators, boards and drivers about a design: ``manifest.json``."""

import dataclasses
import json
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..json_file import parse_json
from ..stream.axi import register_map as registers

__all__ = [
    "Manifest",
    "ManifestFile",
    "ManifestPort",
    "ManifestQueue",
    "ManifestRegion",
    "ManifestStream",
    "MemoryMap",
]

VERSION = 2
FILE_NAME = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class ManifestPort:
    """An AXI4 manager port of the top: its signals are ``<name>_arvalid`` and so on.

    A port may have only the read channels or only the write channels. What it sees of the memory
    begins at ``address``, to which the image's base is added.
    """

    name: str
    data_width: int  # bits
    address_width: int  # bits
    id_width: int  # bits
    address: int = 0  # bytes


@dataclass(frozen=True, kw_only=True)
class ManifestRegion:
    """A named range of the memory image, relative to its base."""

    name: str
    offset: int  # bytes
    bytes: int


@dataclass(frozen=True, kw_only=True)
class MemoryMap:
    """External memory: ``bytes`` from the base on, whose first part is the file ``image``.

    Every port sees all of it; or it is striped over n ports of g bytes a beat: byte A of the image
    is at byte ``A // (g * n) * g + A % g`` of port ``A // g % n``.
    """

    bytes: int
    image: str | None = None  # beside the manifest; None: all zero
    regions: tuple[ManifestRegion, ...] = ()
    striped: bool = False

    def region(self, name: str) -> ManifestRegion:
        """The region of that name; raises ``KeyError`` if there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(f"Memory has regions {[r.name for r in self.regions]}, not {name!r}")


@dataclass(frozen=True, kw_only=True)
class ManifestStream:
    """A stream that the observed simulation watches.

    payload, valid, ready: nets of the top module as the Verilog spells them (without the backslash
    of an escaped name); a net of a submodule has the names of its instances before it, with dots.
    They are those at the sink.
    offered, room: valid and ready at the source, if a queue is between; else empty
    """

    name: str
    payload: str
    valid: str
    ready: str
    width: int  # bits of the payload
    scope: str = ""  # what one invocation belongs to: a layer of a step, a step, the tail
    type: str = ""  # text of the iterative tensor
    offered: str = ""
    room: str = ""


@dataclass(frozen=True, kw_only=True)
class ManifestQueue:
    """A queue whose peak level the observed simulation records; ``level`` is a net as above."""

    name: str
    level: str
    depth: int  # beats


@dataclass(frozen=True, kw_only=True)
class ManifestFile:
    """A file beside the manifest, as it was written."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that must be known of a design to simulate it or to drive it on a board.

    A build's manifest also says what the build is: ``source``, the digest of all that it was made
    from, ``weights``, where those in the image come from, and its other ``files``.
    """

    board: str
    context: int  # positions of the token window
    vocabulary: int  # tokens are below it
    token_batch: int  # most tokens of one step
    digest: str  # of the design, in hexadecimal; its low 32 bits are the register BUILD
    memory: MemoryMap
    ports: tuple[ManifestPort, ...]
    top: str = "top"
    verilog: str = "top.v"  # beside the manifest
    clock: str = "clk"
    reset: str = "rst"  # active high
    memory_reset: str = "memory_rst"  # active high, with memory in reset as well as the design
    control: str = "s_axil"  # prefix of the AXI4-Lite subordinate port
    status: tuple[str, ...] = ()  # which of stat_count, stat_busy, stat_done are outputs of the top
    streams: tuple[ManifestStream, ...] = ()
    queues: tuple[ManifestQueue, ...] = ()
    source: str = ""
    weights: str = ""
    files: tuple[ManifestFile, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.status) - {"stat_count", "stat_busy", "stat_done"}):
            raise ValueError(
                f"Status outputs must be stat_count, stat_busy, stat_done, not {unknown}"
            )
        for port in self.ports:
            width = port.data_width
            if width < 8 or width & (width - 1) or width > 1024:
                raise ValueError(
                    f"Data width of {port.name} must be a power of two from 8 to 1024, not {width}"
                )
            if port.address % (width // 8):
                raise ValueError(
                    f"Address of {port.name} must be a multiple of its {width // 8} bytes a beat, "
                    f"not {port.address:#x}"
                )
        if self.memory.striped and len(widths := {port.data_width for port in self.ports}) != 1:
            raise ValueError(
                f"Ports of a striped memory must have one data width, not {sorted(widths)}"
            )
        end = 0
        for region in sorted(self.memory.regions, key=lambda region: region.offset):
            if region.offset < end or region.offset + region.bytes > self.memory.bytes:
                raise ValueError(
                    f"Region {region.name} must not overlap and must fit into "
                    f"{self.memory.bytes:#x} bytes, not be {region.bytes:#x} bytes at "
                    f"{region.offset:#x}"
                )
            end = region.offset + region.bytes

    @property
    def window(self) -> int:
        """Byte address of the token window."""
        return registers.window_offset(self.context)

    @property
    def build(self) -> int:
        """Value that the register BUILD must have."""
        return int(self.digest[-8:], 16)

    def register_map(self) -> dict[str, int]:
        """Byte addresses by register name, and the token window."""
        return registers.register_map(self.context)

    def to_json(self) -> str:
        """The text of ``manifest.json``; equal manifests have equal texts."""
        content = {"version": VERSION, **dataclasses.asdict(self)}
        content["registers"] = self.register_map()
        return json.dumps(content, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """The manifest that the text describes; raises ``ValueError`` saying what is wrong."""
        content = parse_json(text)
        if not isinstance(content, dict):
            raise ValueError(f"content must be an object, not {type(content).__name__}")
        if (version := content.pop("version", None)) != VERSION:
            raise ValueError(f"version must be {VERSION}, not {version}")
        found = content.pop("registers", None)
        manifest = _decode(cls, content, "manifest")
        assert isinstance(manifest, Manifest)
        if found != manifest.register_map():
            raise ValueError("register map differs from the one of this version of streamhw")
        return manifest

    def save(self, path: Path) -> None:
        """Writes the manifest to a file, or to ``manifest.json`` in a folder."""
        _file(path).write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Reads a manifest from a file, or from ``manifest.json`` in a folder.

        Raises ``UserError`` if there is none, if it is damaged, or if another version wrote it.
        """
        file = _file(path)
        try:
            return cls.from_json(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(
                f"Cannot read the manifest {file} because of {error.strerror}",
                hint="Build the design first: python -m streamhw build MODEL -o DIR",
            ) from error
        except ValueError as error:
            raise UserError(
                f"Manifest {file} is damaged or from another version: {error}",
                hint="Build the design again: python -m streamhw build MODEL -o DIR",
            ) from error


def _file(path: Path) -> Path:
    return path / FILE_NAME if path.is_dir() else path


def _decode(kind: Any, value: Any, where: str) -> Any:
    """The value of a JSON document as the type that a field declares."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{where} must be an object, not {type(value).__name__}")
        hints = typing.get_type_hints(kind)
        fields = {field.name: field for field in dataclasses.fields(kind)}
        if unknown := sorted(value.keys() - fields.keys()):
            raise ValueError(f"{where} must not have {', '.join(unknown)}")
        missing = [
            n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in value
        ]
        if missing:
            raise ValueError(f"{where} must have {', '.join(missing)}")
        arguments = {n: _decode(hints[n], v, f"{where}.{n}") for n, v in value.items()}
        return kind(**arguments)
    if isinstance(kind, types.UnionType):
        return None if value is None else _decode(typing.get_args(kind)[0], value, where)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list, not {type(value).__name__}")
        element = typing.get_args(kind)[0]
        return tuple(_decode(element, v, f"{where}[{i}]") for i, v in enumerate(value))
    if type(value) is not kind:  # a bool is an int, but not where one is asked for
        raise ValueError(f"{where} must be {kind.__name__}, not {type(value).__name__}")
    return value
