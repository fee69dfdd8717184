# SPDX-License-Identifier: Apache-2.0
"""Emission: a placed design as Verilog text and manifest."""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...cache import TextCache, default_cache
from ...content_key import content_key
from ...runtime.manifest import (
    Manifest,
    ManifestPort,
    ManifestQueue,
    ManifestRegion,
    ManifestStream,
    MemoryMap,
)
from ...stream.axi.signature import ADDRESS_WIDTH, ID_WIDTH
from ..ir.levels import PlacedNetlist
from .conversion import tool_versions
from .ram_modules import Target
from .top import BUILD_MODULE, Accelerator, front_names, level_name, net_names

__all__ = ["IMAGE_FILE", "VERILOG_FILE", "Emitted", "emit"]

VERILOG_FILE = "top.v"
IMAGE_FILE = "memory.bin"


@dataclass(frozen=True)
class Emitted:
    """What a build writes, apart from the memory image."""

    verilog: str
    manifest: Manifest


def emit(design: PlacedNetlist, cache: TextCache | None = None) -> Emitted:
    """Verilog and manifest of a design.

    cache: of Verilog made before; by default in the user's cache folder

    Assumes  every stream has a depth, every memory client a port
    Ensures  equal designs give equal bytes; the register BUILD reads the digest of the Verilog
    """
    cache = cache or TextCache(default_cache() / "verilog")
    key = _key(design)
    text = None if key is None else cache.get(key)
    if text is None:
        text = _verilog(design, cache)
        if key is not None:
            cache.put(key, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    identity = (
        f"\nmodule {BUILD_MODULE}(output [31:0] identity);\n"
        f"  assign identity = 32'h{digest[-8:]};\nendmodule\n"
    )
    return Emitted(text + identity, manifest(design, digest))


def _key(design: PlacedNetlist) -> str | None:
    """Of everything that the Verilog is made from; None if it cannot be told."""
    graph = design.graph
    return content_key(
        tool_versions(),
        design.instances,
        design.channels,
        design.queues,
        design.board,
        design.placement,
        design.tiling,
        (graph.context, graph.vocabulary),
    )


def _verilog(design: PlacedNetlist, cache: TextCache) -> str:
    """The text of all modules but the one with the digest of this text."""
    target = Target(design.placement.stores, cache)
    with _without_collection():
        return target.verilog(Accelerator(design), "top")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Stops the search for unreachable cycles of objects: a netlist is hundreds of millions of
    objects, all of them in use, and looking through them again and again takes a third of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def manifest(design: PlacedNetlist, digest: str) -> Manifest:
    """What simulators, boards and drivers must know of the design."""
    memory, tiling = design.memory, design.tiling
    streams = tuple(
        ManifestStream(
            name=channel.name,
            payload=names[0],
            valid=names[1],
            ready=names[2],
            width=channel.consumed.beat_bits,
            scope=channel.scope.value,
            type=str(channel.consumed),
            offered=front[0],
            room=front[1],
        )
        for channel in design.channels
        for names in (net_names(channel),)
        for front in (front_names(channel) if design.queues[channel.name] else ("", ""),)
    )
    queues = tuple(
        ManifestQueue(name=channel.name, level=level_name(channel), depth=depth)
        for channel in design.channels
        if (depth := design.queues[channel.name])
    )
    return Manifest(
        board=design.board.name,
        context=design.graph.context,
        vocabulary=design.graph.vocabulary,
        token_batch=tiling.token_batch,
        digest=digest,
        memory=MemoryMap(
            bytes=memory.total,
            image=IMAGE_FILE,
            striped=design.board.striped,
            regions=tuple(
                ManifestRegion(name=r.name, offset=r.offset, bytes=r.bytes) for r in memory.regions
            ),
        ),
        ports=tuple(
            ManifestPort(
                name=f"m_axi_{port.name}",
                data_width=port.width,
                address_width=ADDRESS_WIDTH,
                id_width=ID_WIDTH,
                address=port.address,
            )
            for port in design.board.ports
        ),
        status=("stat_count", "stat_busy", "stat_done"),
        streams=streams,
        queues=queues,
    )
