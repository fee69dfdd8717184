# SPDX-License-Identifier: Apache-2.0
"""Finds the layers that repeat, and makes one loop of them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from ...graph import LAYER, Angles, Attention, Node, Op, RolledLoop
from ..reading.rotary_config import RotaryConfig, bases_and_scalings, in_turn
from .naming import block_names
from .no_layer_error import NoLayerError
from .step import Step
from .stream import Block, ResidualStream, blocks_of

__all__ = ["Rolled", "renamed", "rolled"]


@dataclass(frozen=True, kw_only=True)
class Rolled:
    """A loop over layers.

    tensors: by the names in the loop's nodes, ``{layer}`` replaced, the program's own
    """

    loop: RolledLoop
    tensors: dict[str, str]


def rolled(
    stream: ResidualStream, windows: Mapping[int, int | None], names: Mapping[str, str]
) -> Rolled:
    """The loop of the smallest layers that are all alike; raises ``NoLayerError`` if none are.

    windows: of attention, by the identity of its step; names: of tensors, by those of the steps
    """
    count = len(stream.sums) - 1
    for sums in range(1, count + 1):
        if count % sums:
            continue
        blocks = blocks_of(stream, sums)
        first = _shape(blocks[0])
        if all(_shape(block) == first for block in blocks[1:]):
            break
    if len(blocks) == 1 and count > 2:
        pair = blocks_of(stream, 2 if count % 2 == 0 else 1)
        raise NoLayerError(f"all layers must have the same structure{_difference(pair)}")
    return _loop(blocks, windows, names)


def _difference(blocks: Sequence[Block]) -> str:
    for block in blocks[1:]:
        for a, b, one, other in zip(
            _shape(blocks[0]), _shape(block), blocks[0].steps, block.steps, strict=False
        ):
            if a != b:
                return f": {one.op.kind} in {one.place} and {other.op.kind} in {other.place} differ"
    return ""


def _shape(block: Block) -> list[Hashable]:
    """What layers must have in common: all but names of tensors, angles and windows."""
    numbers = {id(step): index for index, step in enumerate(block.steps)}
    numbers[id(block.source)] = -1

    def number(step: Step) -> Hashable:
        if id(step) in numbers:
            return numbers[id(step)]
        return "positions" if step.op.arity == 0 else "outside"

    return [
        (*_attributes(step.op), *(number(source) for source in step.inputs)) for step in block.steps
    ]


def _attributes(op: Op) -> tuple[Hashable, ...]:
    if isinstance(op, Angles):
        op = replace(op, bases=(2.0,), scalings=())
    names = {parameter.name for parameter in op.parameters}
    values = (getattr(op, field.name) for field in fields(op))
    return (op.kind, *("" if value in names else value for value in values))


def _loop(
    blocks: Sequence[Block], known: Mapping[int, int | None], public: Mapping[str, str]
) -> Rolled:
    first = blocks[0]
    names = block_names(first.steps, first.source)
    names[id(first.source)] = "x"
    tensors: dict[str, str] = {}
    body = []
    for index, step in enumerate(first.steps):
        alike = [block.steps[index] for block in blocks]
        if any(id(s) not in names and s.op.arity for s in step.inputs):
            raise NoLayerError("layers must read only what the layer before them gave")
        inputs = tuple(names.get(id(s), "positions") for s in step.inputs)
        op = _op(alike, names[id(step)], tensors, public)
        if isinstance(op, Attention):
            windows = in_turn([known[id(other)] for other in alike])
            op = replace(op, windows=windows if any(windows) else ())
        body.append(Node(names[id(step)], op, inputs))
    loop = RolledLoop(
        name="blocks",
        trips=len(blocks),
        source="embedding",
        carried="x",
        body=tuple(body),
        result=names[id(first.steps[-1])],
    )
    return Rolled(loop=loop, tensors=tensors)


def _op(alike: Sequence[Step], name: str, tensors: dict[str, str], public: Mapping[str, str]) -> Op:
    """The layer kind of all layers: names of tensors with ``{layer}``, angles in turn."""
    op = alike[0].op
    if isinstance(op, Angles):
        kinds = [step.op for step in alike if isinstance(step.op, Angles)]
        bases, scalings = bases_and_scalings(
            [
                RotaryConfig(
                    base=kind.bases[0], scaling=kind.scalings[0] if kind.scalings else None
                )
                for kind in kinds
            ]
        )
        return replace(op, bases=bases, scalings=scalings)

    def template(own: str) -> str:
        field = next(f.name for f in fields(op) if getattr(op, f.name) == own)
        layers = [str(getattr(step.op, field)) for step in alike]
        found = _template([public[layer] for layer in layers])
        if found is None or tensors.get(found.replace(LAYER, "0"), layers[0]) != layers[0]:
            found = f"blocks.{LAYER}.{name}.{field}"
        tensors.update({found.replace(LAYER, str(i)): layer for i, layer in enumerate(layers)})
        return found

    return renamed(op, template)


def _template(names: Sequence[str]) -> str | None:
    """A name with ``{layer}`` that gives these, if they count the layers."""
    parts = names[0].split(".")
    for index, part in enumerate(parts):
        if part == "0":
            found = ".".join((*parts[:index], LAYER, *parts[index + 1 :]))
            if all(found.replace(LAYER, str(i)) == name for i, name in enumerate(names)):
                return found
    return None


def renamed(op: Op, change: Callable[[str], str]) -> Op:
    """A layer kind with other names of tensors."""
    names = {parameter.name for parameter in op.parameters}
    new = {
        field.name: change(value)
        for field in fields(op)
        if isinstance(value := getattr(op, field.name), str) and value in names
    }
    return replace(op, **new)
