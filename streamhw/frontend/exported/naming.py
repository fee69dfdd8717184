# SPDX-License-Identifier: Apache-2.0
"""Names of a layer's values, by what they are for."""

from collections.abc import Iterator, Sequence

from ...graph import (
    Activation,
    Add,
    Angles,
    Attention,
    Chunk,
    LayerNorm,
    Linear,
    Multiply,
    RmsNorm,
    Rotary,
)
from .step import Step

__all__ = ["block_names"]


def block_names(steps: Sequence[Step], source: Step) -> dict[int, str]:
    """A name for each step of a layer, by identity; the same roles as in ``decoder_graph``."""
    names: dict[int, str] = {}
    used: set[str] = set()
    for step, role in (*_roles(steps, source), *((s, s.op.kind.lower()) for s in steps)):
        if id(step) in names or all(step is not other for other in steps):
            continue
        name, number = role, 1
        while name in used:
            number += 1
            name = f"{role.rstrip('_0123456789') or role}_{number}"
        names[id(step)] = name
        used.add(name)
    return names


def _roles(steps: Sequence[Step], source: Step) -> Iterator[tuple[Step, str]]:
    sums = [source, *(step for step in steps if isinstance(step.op, Add))]
    for number, step in enumerate(sums[1:], 1):
        yield step, f"residual_{number}"
    norms = [s for s in steps if _is_norm(s) and any(s.inputs[0] is r for r in sums)]
    for number, step in enumerate(norms, 1):
        yield step, f"norm_{number}"
    for step in steps:
        if isinstance(step.op, Attention):
            yield from _attention(step)
        elif isinstance(step.op, Angles):
            yield step, "angles"
        elif isinstance(step.op, Multiply):
            yield from _gated(step)
    for step in steps:
        if isinstance(step.op, Linear):
            before = step.inputs[0].op
            if isinstance(before, Attention):
                yield from _result(steps, step, "attention")
            elif isinstance(before, Multiply | Activation):
                yield from _result(steps, step, "mlp")
        elif isinstance(step.op, Activation):
            yield step, "activation"
            yield step.inputs[0], "hidden"


def _is_norm(step: Step) -> bool:
    return isinstance(step.op, RmsNorm | LayerNorm)


def _attention(step: Step) -> Iterator[tuple[Step, str]]:
    yield step, "attention"
    for role, value in zip("qkv", step.inputs, strict=True):
        if isinstance(value.op, Rotary):
            yield value, f"{role}_rotated"
            value = value.inputs[0]
        if isinstance(value.op, RmsNorm):
            yield value, f"{role}_norm"
            value = value.inputs[0]
        if isinstance(value.op, Linear | Chunk):
            yield value, role
        if isinstance(value.op, Chunk):
            yield value.inputs[0], "qkv"


def _gated(step: Step) -> Iterator[tuple[Step, str]]:
    yield step, "gated"
    other, gate = step.inputs
    if isinstance(gate.op, Activation):
        yield gate, "activation"
        yield gate.inputs[0], "gate"
        yield other, "up"


def _result(steps: Sequence[Step], step: Step, role: str) -> Iterator[tuple[Step, str]]:
    """The product behind attention or the gated layer, and the norm of that."""
    yield step, f"{role}_out"
    for reader in steps:
        if _is_norm(reader) and reader.inputs[0] is step:
            yield reader, f"{role}_norm"
