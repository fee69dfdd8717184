# SPDX-License-Identifier: Apache-2.0
"""What bounds a layer by the cost model, in two sentences, before anything was simulated."""

from .bottleneck import BOUND
from .idle_cycles import LayerCycles

__all__ = ["predicted_bound"]


def predicted_bound(layer: LayerCycles, position: int) -> tuple[str, str]:
    """What bounds a layer of the token at ``position``, and what would lift it.

    The larger of the engine's and the memory's cycles bounds it if it is at least half of them.
    """
    engine, memory = (min(1.0, n / layer.interval) for n in (layer.engine, layer.memory))
    step = f"a layer of {layer.interval:,.0f} cycles (the token at position {position})"
    engine_says = f"its busiest engine multiplies in {engine:.1%} of them"
    memory_says = f"parameters, keys and values take memory {memory:.1%}"
    if max(engine, memory) < BOUND:
        return (
            f"Predicted: kernels that wait for each other bound {step}: {engine_says}, "
            f"{memory_says}.",
            "Steps of more tokens, as of prompts, share the waits.",
        )
    if memory >= engine:
        return (
            f"Predicted: bandwidth of memory bounds {step}: {memory_says}; {engine_says}.",
            f"Twice the bandwidth saves at most {memory / 2:.1%}, and so do parameters of half the "
            "bits.",
        )
    return (
        f"Predicted: the matmul engine bounds {step}: {engine_says}; {memory_says}.",
        f"Twice its multipliers save at most {engine / 2:.1%}.",
    )
