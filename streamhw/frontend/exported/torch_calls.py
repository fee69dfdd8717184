# SPDX-License-Identifier: Apache-2.0
"""Nodes of a graph of torch.export as calls; regions without gradients are laid open."""

from collections.abc import Iterator, Mapping
from typing import Any

from .call import Argument, Call, Reference

__all__ = ["calls_of", "in_order"]

_REGIONS = frozenset({"wrap_with_set_grad_enabled", "wrap_with_autocast", "hints_wrapper"})


def calls_of(
    module: Any, prefix: str = "", given: Mapping[str, Argument] | None = None
) -> Iterator[tuple[Call, Any]]:
    """Each call of a graph module with the node that it comes from.

    prefix: of names in a region; given: what its placeholders stand for
    """
    given = given or {}
    for node in module.graph.nodes:
        if node.op != "call_function":
            continue
        op = str(getattr(node.target, "_name", getattr(node.target, "__name__", node.target)))
        if op in _REGIONS:
            yield from _region(module, node, prefix, given)
            continue
        arguments = tuple(_argument(value, prefix, given) for value in in_order(node))
        stack = node.meta.get("nn_module_stack") or {}
        places = [path for path, _ in stack.values()]
        yield (
            Call(
                name=prefix + node.name,
                op=op.rpartition("::")[2].partition(".")[0],
                arguments=arguments,
                place=_place(places[-1]) if places else "",
                said=str(node.target),
            ),
            node,
        )


def _region(
    module: Any, node: Any, prefix: str, given: Mapping[str, Argument]
) -> Iterator[tuple[Call, Any]]:
    """The calls of a region, and one that gives its values together."""
    from torch.fx import GraphModule

    at, inner = next(
        (index, found)
        for index, value in enumerate(node.args)
        if getattr(value, "op", "") == "get_attr"
        and isinstance(found := getattr(module, value.target), GraphModule)
    )
    outer = [_argument(value, prefix, given) for value in node.args[at + 1 :]]
    holders = [n.name for n in inner.graph.nodes if n.op == "placeholder"]
    within = f"{prefix}{node.name}."
    names = dict(zip((within + name for name in holders), outer, strict=True))
    yield from calls_of(inner, within, names)
    output = next(n for n in inner.graph.nodes if n.op == "output")
    results = tuple(_argument(value, within, names) for value in output.args[0])
    yield Call(name=prefix + node.name, op="tuple", arguments=results, said=str(node.target)), node


def _place(path: str) -> str:
    """A module's path without what PyTorch's own wrappers put into it."""
    parts = [part for part in path.replace("L['self']", "").split(".") if part]
    return ".".join(parts)


def in_order(node: Any) -> list[Any]:
    """Arguments as the operation declares them, with its defaults."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return [*node.args, *node.kwargs.values()]
    found = []
    for index, declared in enumerate(schema.arguments):
        if index < len(node.args):
            found.append(node.args[index])
        elif declared.name in node.kwargs:
            found.append(node.kwargs[declared.name])
        else:
            found.append(declared.default_value if declared.has_default_value() else None)
    return found


def _argument(value: Any, prefix: str, given: Mapping[str, Argument]) -> Argument:
    from torch.fx import Node

    if isinstance(value, Node):
        name = prefix + value.name
        return str(value) if value.op == "get_attr" else given.get(name, Reference(name))
    if isinstance(value, list | tuple):
        return tuple(_argument(part, prefix, given) for part in value)
    if value is None or isinstance(value, bool | int | float | complex | str):
        return value
    return str(value)  # a type, a device: they do not matter
