# SPDX-License-Identifier: Apache-2.0
"""Keys and values of attention in memory: their regions, and what writes and reads them."""

from dataclasses import dataclass
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from ...graph import Node
from ...graph.ops.work import AttentionHeads
from ...kernels.kv_cache.append import CacheAppendSpec
from ...kernels.kv_cache.decode import GroupDecodeSpec
from ...kernels.kv_cache.encode import GroupEncodeSpec
from ...kernels.kv_cache.read import CacheReadSpec
from ...kernels.kv_cache.spec import CacheLayout
from ...numerics.group_codec import LIFT, OFFSETS, GroupCodec
from ...quantization.plan import AttentionPlan
from ...quantization.quantized_model import CacheParameters, Parameters
from ...stream.control.row_windows import RowWindows
from ...stream.itensor.itensor import row_major
from ..ir.netlist import Instance
from ..lowering.builder import Lowering
from ..mapping.cache_layout import cache_layout, scale_layout
from ..memory.rules import MemoryContext, MemoryRule
from ..memory.segments import Segments

__all__ = ["CACHES", "RowCache"]


def _heads(node: Node) -> AttentionHeads:
    heads = node.op.attention
    assert heads is not None
    return heads


def _caches(state: MemoryContext, node: Node) -> dict[str, int]:
    bits = state.quantization.config.cache_bits
    layout = cache_layout(
        _heads(node), state.tiling, state.graph.context, state.layers, state.beat_bits, bits
    )
    scales = scale_layout(layout)
    found = {f"{node.name}_{role}": layout.size for role in ("key", "value")}
    if scales is not None:
        found |= {f"{node.name}_{role}_scales": scales.size for role in ("key", "value")}
    return found


def _segments(state: MemoryContext, node: Node) -> Segments | None:
    """Offsets of the encoder of keys, and what the decoder adds to those of the first position."""
    if not state.quantization.of(node.name, AttentionPlan).centered:
        return None
    offsets, lifts = (ceil(n / state.beat_bits) for n in _offset_bits(_heads(node)))
    name = f"{node.name}_key"
    parts = ((f"{name}_encode_i_offset", offsets), (f"{name}_decode_i_lift", lifts))
    return Segments(node.name, 1, parts)


def _offset_bits(heads: AttentionHeads) -> tuple[int, int]:
    features = heads.kv_heads * heads.head_dim
    return features * OFFSETS.width, features * LIFT.width


def _pack(
    state: MemoryContext, node: Node, segments: Segments, values: Parameters
) -> NDArray[np.uint8]:
    assert isinstance(values, CacheParameters)
    words = np.stack([values.usual.astype("<i2"), values.first.astype("<i2")], axis=1)
    offsets = np.ascontiguousarray(words).view(np.uint8).reshape(-1)
    padded = np.zeros(segments.parts[0][1] * state.beat_bytes, dtype=np.uint8)
    padded[: len(offsets)] = offsets
    return np.concatenate([padded, values.lift.astype("<i2").view(np.uint8)])


@dataclass(frozen=True, kw_only=True)
class RowCache:
    """What is placed for the keys or the values of a node.

    role: key or value; sink, port: who takes the rows
    """

    state: Lowering
    node: Node
    role: str
    windows: RowWindows
    sink: Instance
    port: str

    @property
    def name(self) -> str:
        return f"{self.node.name}_{self.role}"

    def lower(self, value: str, layout: CacheLayout, codec: GroupCodec | None) -> None:
        """All of it, for a value of the graph; codec: of its rows, if they are not as they are."""
        if codec is not None:
            _lower_coded(self, value, layout, codec)
            return
        self.state.feed(value, self.append(layout), "i")
        self.read(layout, self.sink, self.port)

    def append(self, layout: CacheLayout, part: str = "", lanes: int | None = None) -> Instance:
        """What writes rows; part: of the cache."""
        state, tiling = self.state, self.state.tiling
        lanes = tiling.head_lanes(layout.head_dim) if lanes is None else lanes
        spec = CacheAppendSpec(**vars(layout), tokens=tiling.token_batch, lanes=lanes)
        region = f"{self.name}{part}"
        return state.place(f"{region}_append", spec, region=region)

    def read(
        self, layout: CacheLayout, sink: Instance, port: str, part: str = "", lanes: int = 0
    ) -> None:
        """What reads them for a port of another kernel; lanes: of one head, if not as attention."""
        state, tiling, heads = self.state, self.state.tiling, _heads(self.node)
        # Heads in parallel read a cached head at once, others one after the other.
        in_turn = tiling.attention_heads == 1
        spec = CacheReadSpec(
            **vars(layout),
            tokens=tiling.token_batch,
            lanes=(lanes or tiling.attention_lanes) if in_turn else layout.elements,
            shared=heads.heads // heads.kv_heads if in_turn else 1,
            positions=tiling.attention_positions,
            windows=self.windows.widths,
            together=self.windows.together if self.windows.widths else 1,
        )
        region, label = f"{self.name}{part}", f"{self.node.name}.{self.role}"
        read = state.place(f"{region}_read", spec, region=region)
        append = state.instances[f"{region}_append"]
        state.link(append, "o_written", read, "i_written", f"{label}{part}_written")
        rows = "cache" if self.sink is sink else "codes_read"
        state.link(read, "o", sink, port, f"{label}{part}_{rows}")


def _lower_coded(cache: RowCache, value: str, layout: CacheLayout, codec: GroupCodec) -> None:
    """Codes and scales are caches of their own: rows of both lie without gaps in memory."""
    state, heads, tiling = cache.state, _heads(cache.node), cache.state.tiling
    plan = state.quantization.of(cache.node.name, AttentionPlan)
    scales = scale_layout(layout)
    assert scales is not None
    centered = plan.centered and cache.role == "key"
    shape = {"tokens": tiling.token_batch, "head_dim": heads.head_dim, "context": layout.context}
    encode = state.place(
        f"{cache.name}_encode",
        GroupEncodeSpec(
            **shape,
            heads=heads.kv_heads,
            layers=layout.layers,
            lanes=gcd(tiling.head_lanes(heads.head_dim), codec.group),
            codec=codec,
            centered=centered,
        ),
    )
    decode = state.place(
        f"{cache.name}_decode",
        GroupDecodeSpec(
            **shape,
            heads=heads.heads,
            lanes=tiling.attention_lanes,
            codec=codec,
            out=plan.key if cache.role == "key" else plan.value,
            shared=heads.heads // heads.kv_heads,
            parallel_heads=tiling.attention_heads,
            positions=tiling.attention_positions,
            windowed=bool(cache.windows.widths),
            lifted=centered,
        ),
    )
    state.feed(value, encode, "i")
    label = f"{cache.node.name}.{cache.role}"
    codes = cache.append(layout)
    state.link(encode, "o_code", codes, "i", f"{label}_codes")
    factors = cache.append(scales, "_scales", lanes=1)
    state.link(encode, "o_scale", factors, "i", f"{label}_scales")
    cache.read(layout, decode, "i_code")
    cache.read(scales, decode, "i_scale", "_scales", lanes=scales.head_dim)
    if centered:
        features = (1, heads.kv_heads * heads.head_dim)
        for kernel, port in ((encode, "i_offset"), (decode, "i_lift")):
            type = kernel.port(port).type
            state.parameters(kernel, port, row_major(type.fmt, features, type.lanes))
    state.link(decode, "o", cache.sink, cache.port, f"{label}_cache")


CACHES = MemoryRule(working=_caches, segments=_segments, pack=_pack, leads=True)
