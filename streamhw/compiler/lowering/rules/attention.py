# SPDX-License-Identifier: Apache-2.0
"""Attention: scores, softmax and values over keys and values kept in memory."""

from ....errors import BuildError
from ....graph import Attention, Node
from ....kernels.attention import scores, softmax
from ....kernels.attention import values as values_kernel
from ....kernels.kv_cache.append import CacheAppendSpec
from ....kernels.kv_cache.read import CacheReadSpec
from ....quantization.plan import AttentionPlan
from ...memory.kv_cache import cache_layout
from ..builder import Lowering

__all__ = ["attention"]


def attention(state: Lowering, node: Node) -> None:
    op, plan = node.op, state.quantization.plans[node.name]
    assert isinstance(op, Attention) and isinstance(plan, AttentionPlan)
    if not op.causal:
        raise BuildError(f"Attention {node.name} must be causal, not over all positions")
    tiling, context = state.tiling, state.graph.context
    shared, parallel_heads = op.heads // op.kv_heads, tiling.attention_heads
    name = node.name
    lanes = tiling.attention_lanes
    if op.heads % parallel_heads or (
        parallel_heads > 1 and (parallel_heads % shared or lanes != op.head_dim)
    ):
        raise BuildError(
            f"Attention {name} must have one of its {op.heads} heads at a time or, side by side, "
            f"a multiple of {shared} that divides them with {op.head_dim} lanes each, not "
            f"{parallel_heads} with {lanes}"
        )
    positions = tiling.attention_positions
    if positions > 1 and (context % positions or lanes != op.head_dim):
        raise BuildError(
            f"Attention {name} must have positions side by side that divide the context of "
            f"{context}, with {op.head_dim} lanes a head, not {positions} with {lanes}"
        )
    score = state.place(
        f"{name}_scores",
        scores.ScoresSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=lanes,
            query=plan.query,
            key=plan.key,
            out=plan.scores,
            shift=plan.score_shift,
            shared=shared,
            parallel_heads=parallel_heads,
            positions=positions,
        ),
    )
    soft = state.place(
        f"{name}_softmax",
        softmax.SoftmaxSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            context=context,
            source=plan.scores,
            out=plan.probabilities,
            parallel_heads=parallel_heads,
            positions=positions,
        ),
    )
    total = state.place(
        f"{name}_values",
        values_kernel.ValuesSpec(
            tokens=tiling.token_batch,
            heads=op.heads,
            head_dim=op.head_dim,
            context=context,
            lanes=lanes,
            probability=plan.probabilities,
            value=plan.value,
            out=plan.out,
            shift=plan.value_shift,
            out_lanes=tiling.head_lanes(op.head_dim),
            shared=shared,
            parallel_heads=parallel_heads,
            positions=positions,
            fabric_positions=tiling.attention_fabric,
        ),
    )
    state.feed(node.inputs[0], score, "i_q")
    layout = cache_layout(op, tiling, context, state.layers, state.beat_bits)
    # Heads in parallel read a cached head at once, others one after the other.
    again, beat = (shared, lanes) if parallel_heads == 1 else (1, layout.row)
    rows = {**vars(layout), "tokens": tiling.token_batch}
    for role, value, sink, port in (
        ("key", node.inputs[1], score, "i_k"),
        ("value", node.inputs[2], total, "i_v"),
    ):
        writes = CacheAppendSpec(**rows, lanes=tiling.head_lanes(op.head_dim))
        reads = CacheReadSpec(**rows, lanes=beat, shared=again, positions=positions)
        region = f"{name}_{role}"
        append = state.place(f"{region}_append", writes, region=region)
        read = state.place(f"{region}_read", reads, region=region)
        state.feed(value, append, "i")
        state.link(append, "o_written", read, "i_written", f"{name}.{role}_written")
        state.link(read, "o", sink, port, f"{name}.{role}_cache")
    state.link(score, "o", soft, "i", f"{name}.scores")
    state.link(soft, "o", total, "i_p", f"{name}.probabilities")
    state.produce(name, total)
