# SPDX-License-Identifier: Apache-2.0
"""What bounds a step, in a sentence, and what would lift it: from the numbers of its profile."""

from dataclasses import dataclass
from enum import Enum

from .facts import PartKind
from .profile import StepProfile

__all__ = ["BOUND", "Bottleneck", "Limit", "bottleneck"]

BOUND = 0.5
"""Share from which on the cycles in which a kernel works, or what a port carries, bound a step."""


class Limit(Enum):
    """What kind of thing bounds a step."""

    BANDWIDTH = "bandwidth of memory"
    LATENCY = "latency of memory"
    KERNEL = "a kernel"
    SEQUENCE = "kernels one after another"


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """What bounds a step.

    name: of the port or the kernel; share: of the cycles in which it does what bounds, or of what
    a port could have carried
    says: one sentence with the numbers; lift: one with what would make the step shorter
    """

    limit: Limit
    name: str
    share: float
    says: str
    lift: str


def bottleneck(profile: StepProfile) -> Bottleneck:
    """Of the busiest memory port and the kernel that works most, what bounds the step.

    The busiest port bounds it if it carries a larger share of what it could than the kernel works.
    If the kernel waits for memory longer than either, and no port is near its peak, latency does.
    Twice as much of what bounds saves at most half of the cycles in which it is at work.
    """
    port, use = max(profile.ports.items(), key=lambda item: item[1].peak)
    kernel = max(profile.kernels, key=lambda kernel: kernel.works)
    works, waits = kernel.share(kernel.works), kernel.share(kernel.memory)
    step = f"the step of {profile.cycles:,} cycles"
    carries = f"memory port {port} carries {use.peak:.1%} of what it can"
    busy = f"{kernel.name}, which works most, does so in {works:.1%} of them"
    longest = f"{busy} and waits for memory in {waits:.1%}"
    if use.peak >= max(BOUND, works):
        return Bottleneck(
            limit=Limit.BANDWIDTH,
            name=port,
            share=use.peak,
            says=f"Bandwidth bounds {step}: {carries}; {longest}.",
            lift=f"Twice the bandwidth saves at most {use.peak / 2:.1%}, and so do parameters of "
            "half the bits.",
        )
    if waits >= max(BOUND, works):
        return Bottleneck(
            limit=Limit.LATENCY,
            name=kernel.name,
            share=waits,
            says=f"Latency of memory bounds {step}: {longest}, but {carries} only.",
            lift=f"Parameters asked for earlier (now {profile.prefetch:,} beats ahead) save at "
            f"most {waits:.1%}.",
        )
    more = "multipliers" if kernel.kind is PartKind.ENGINE else "lanes"
    lift = f"Twice the {more} of {kernel.name} save at most {works / 2:.1%}"
    if works >= BOUND:
        return Bottleneck(
            limit=Limit.KERNEL,
            name=kernel.name,
            share=works,
            says=f"Kernel {kernel.name} bounds {step}: it works in {works:.1%} of them; {carries}.",
            lift=f"{lift}.",
        )
    return Bottleneck(
        limit=Limit.SEQUENCE,
        name=kernel.name,
        share=works,
        says=f"No kernel and no memory port bounds {step}, since kernels wait for each other: "
        f"{longest}; {carries}.",
        lift=f"{lift}; steps of more tokens, as of prompts, share the waits.",
    )
