# SPDX-License-Identifier: Apache-2.0
"""Whether the machine may start with the settings that it has."""

from amaranth.hdl import Const, Mux, Value

from .register_map import Refusal
from .signature import ADDRESS_WIDTH

__all__ = ["start_refusal"]


def start_refusal(
    *,
    prompt: Value,
    total: Value,
    context: int,
    base: Value,
    alignment: int,
    fault: Value,
    running: Value,
) -> Value:
    """A ``Refusal``: the first reason not to start, NONE if there is none.

    prompt, total: tokens, 32 bits each; context: most of them
    base: byte address of the image; alignment: what divides it, a power of two
    fault: 0 if memory has none; running: no abort is under way
    """
    size = context.bit_length()
    outside = base[ADDRESS_WIDTH:].any() | (base & (alignment - 1)).any()
    reasons = {
        Refusal.PROMPT: prompt == 0,
        Refusal.CONTEXT: total[size:].any() | (total[:size] > context),
        Refusal.TOTAL: prompt[size:].any() | (total[:size] <= prompt[:size]),
        Refusal.BASE: outside,
        Refusal.MEMORY: fault.any(),
        Refusal.DRAINING: ~running,
    }
    found: Value = Const(Refusal.NONE)
    for reason, holds in reversed(reasons.items()):
        found = Mux(holds, reason.value, found)
    return found
