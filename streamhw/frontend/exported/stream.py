# SPDX-License-Identifier: Apache-2.0
"""The residual stream of a raised model: where layers begin, and what each adds."""

from dataclasses import dataclass

from ...graph import Add, Angles, Input, LastToken, LayerNorm, Linear, Multiply, RmsNorm
from .no_layer_error import NoLayerError
from .step import Step

__all__ = ["Block", "ResidualStream", "blocks_of", "ordered", "residual_stream"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ResidualStream:
    """What layers read and add to.

    sums: what enters the first layer, and the sums after it
    norm: behind the layers, if there is one; head: the product that gives logits
    """

    sums: tuple[Step, ...]
    norm: Step | None
    head: Step


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """A layer: its steps in order; source: the sum that it reads."""

    source: Step
    steps: tuple[Step, ...]


def residual_stream(head: Step) -> ResidualStream:
    """Follows sums from the head to the embedding; raises ``NoLayerError`` if there are none."""
    if not isinstance(head.op, Linear):
        raise NoLayerError(f"the last operation must be a product with a head, not {head.op.kind}")
    norm = None
    final = _all_rows(head.inputs[0])
    if isinstance(final.op, RmsNorm | LayerNorm):
        norm, final = final, _all_rows(final.inputs[0])
    sums = [final]
    while isinstance(sums[0].op, Add) and sums[0].inputs[1].depends_on(sums[0].inputs[0]):
        sums.insert(0, sums[0].inputs[0])
    if len(sums) == 1:
        raise NoLayerError("a model must have layers that add to what they read")
    return ResidualStream(sums=tuple(sums), norm=norm, head=head)


def _all_rows(step: Step) -> Step:
    return step.inputs[0] if isinstance(step.op, LastToken) else step


def ordered(step: Step, before: set[int]) -> list[Step]:
    """What a step needs and itself, in order of computation, without inputs and ``before``."""
    found: list[Step] = []

    def visit(current: Step) -> None:
        if id(current) in before or isinstance(current.op, Input):
            return
        before.add(id(current))
        # What an activation makes of a gate comes before what it is multiplied with.
        for source in reversed(current.inputs) if _gate(current) else current.inputs:
            visit(source)
        found.append(current)

    visit(step)
    return found


def _gate(step: Step) -> bool:
    return isinstance(step.op, Multiply)


def blocks_of(stream: ResidualStream, sums: int) -> list[Block]:
    """The steps of layers that have ``sums`` sums each; angles belong to each that reads them."""
    done: set[int] = set()
    ordered(stream.sums[0], done)
    blocks = []
    for index in range(0, len(stream.sums) - 1, sums):
        source = stream.sums[index]
        steps = ordered(stream.sums[index + sums], done)
        angles = [step for step in steps if isinstance(step.op, Angles)]
        others = [step for step in steps if not isinstance(step.op, Angles)]
        done -= {id(step) for step in angles}
        # As soon as the layer begins: they need nothing of it.
        blocks.append(Block(source=source, steps=(*others[:1], *angles, *others[1:])))
    return blocks
