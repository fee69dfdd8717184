# SPDX-License-Identifier: Apache-2.0
"""Programs of torch.export: their calls without types of PyTorch, which computes the constants.

PyTorch is imported where a program is read, never before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import UserError
from .call import Call
from .constant import Constant, names_in
from .torch_calls import calls_of, in_order

__all__ = ["TorchProgram", "is_program"]


def is_program(value: object) -> bool:
    """Whether a value is a program of torch.export; imports nothing to find out."""
    return any(
        kind.__name__ == "ExportedProgram" and kind.__module__.startswith("torch.export")
        for kind in type(value).__mro__
    )


@dataclass(frozen=True, eq=False)
class TorchProgram:
    """An ``ExportedProgram`` of one input of token identifiers, as a ``Program``."""

    program: Any
    source: str

    @cached_property
    def _nodes(self) -> list[Any]:
        return list(self.program.graph.nodes)

    @cached_property
    def _translated(self) -> tuple[tuple[Call, ...], dict[str, Any]]:
        """The calls, and the nodes that they come from by name."""
        made = list(calls_of(self.program.graph_module))
        return tuple(call for call, _ in made), {call.name: node for call, node in made}

    @property
    def calls(self) -> Sequence[Call]:
        return self._translated[0]

    @cached_property
    def _input_node(self) -> Any:
        """The placeholder of token identifiers."""
        found = [node for node in self._user_inputs if _is_tokens(node)]
        named = [node for node in found if "position" not in node.name and "mask" not in node.name]
        if len(named) != 1:
            names = ", ".join(node.name for node in found) or "none"
            raise UserError(
                f"{self.source}: the program must have one input of token identifiers, not {names}",
                hint="export it with the tokens as its only argument: torch.export.export(model, "
                "(tokens,))",
            )
        return named[0]

    @cached_property
    def _user_inputs(self) -> list[Any]:
        names = set(self.program.graph_signature.user_inputs)
        return [n for n in self._nodes if n.op == "placeholder" and n.name in names]

    @property
    def tokens(self) -> str:
        return str(self._input_node.name)

    @cached_property
    def token_shape(self) -> tuple[int, ...]:
        shape = self._input_node.meta["val"].shape
        lead = [1 if not isinstance(size, int) else size for size in shape[:-1]]
        if any(size != 1 for size in lead):
            raise UserError(
                f"{self.source}: the program must be exported for one sequence, not {lead[0]}"
            )
        return (*lead, 0)

    @property
    def result(self) -> str:
        output = next(node for node in self._nodes if node.op == "output")
        kinds = [spec.kind.name for spec in self.program.graph_signature.output_specs]
        for kind, value in zip(kinds, output.args[0], strict=True):
            if kind == "USER_OUTPUT":
                return str(getattr(value, "name", value))
        raise UserError(f"{self.source}: the program must give logits, and gives nothing")

    @cached_property
    def _range(self) -> tuple[int, int | None]:
        size = self._input_node.meta["val"].shape[-1]
        if isinstance(size, int):
            return size, size
        bounds = self.program.range_constraints.get(size.node.expr)
        if bounds is None:
            return 1, None
        most = int(bounds.upper) if bounds.upper < 1 << 40 else None
        return int(bounds.lower), most

    @property
    def least_rows(self) -> int:
        return self._range[0]

    @property
    def most_rows(self) -> int | None:
        return self._range[1]

    def constants(self, rows: int) -> Mapping[str, Constant]:
        import torch

        found: dict[str, Any] = {}
        names = self._names
        for spec in self.program.graph_signature.input_specs:
            name, kind = getattr(spec.arg, "name", None), spec.kind.name
            if kind in ("PARAMETER", "BUFFER"):
                tensor = self.program.state_dict.get(spec.target)
                if tensor is None:  # a buffer that is not kept with the weights
                    tensor = self.program.constants[spec.target]
                key = _storage(tensor)
                found[str(name)] = _constant(tensor, names.get(key, (spec.target,)), whole=True)
            elif kind == "CONSTANT_TENSOR":
                found[str(name)] = _constant(self.program.constants[spec.target])
        for node in self._user_inputs:
            value = node.meta.get("val")
            if node is self._input_node:
                continue
            if not isinstance(value, torch.Tensor):
                found[node.name] = value
            elif "mask" in node.name:
                size = tuple(s if isinstance(s, int) else rows for s in value.shape)
                found[node.name] = _constant(torch.ones(size, dtype=value.dtype))
            elif "position" in node.name and not value.is_floating_point():
                size = (1,) * (value.dim() - 1) + (rows,)
                found[node.name] = _constant(torch.arange(rows).reshape(size))
            else:
                raise UserError(
                    f"{self.source}: input {node.name} must be token identifiers, positions or a "
                    "mask, and is none of them",
                    hint="export the model without it: a cache of keys and values is made in "
                    "hardware",
                )
        return found

    @cached_property
    def _names(self) -> dict[object, tuple[str, ...]]:
        """The names of each trained tensor: those that are tied share their memory."""
        found: dict[object, tuple[str, ...]] = {}
        for name, tensor in self.program.state_dict.items():
            key = _storage(tensor)
            found[key] = (*found.get(key, ()), name)
        return found

    def evaluate(self, call: Call, arguments: tuple[object, ...]) -> object:
        import torch
        from torch.fx.node import map_arg

        if call.op == "tuple":
            return arguments
        node = self._translated[1][call.name]
        given = dict(_natives(tuple(in_order(node)), arguments))
        modules = self.program.graph_module

        def value_of(other: Any) -> Any:
            return getattr(modules, other.target) if other.op == "get_attr" else given[other]

        with torch.no_grad():
            value = node.target(*map_arg(node.args, value_of), **map_arg(node.kwargs, value_of))
        return _wrapped(value, tuple(dict.fromkeys(names_in(arguments))))


def _natives(wanted: object, found: object) -> Iterator[tuple[Any, Any]]:
    """Nodes in the arguments of another one, each with what PyTorch has for its value."""
    if isinstance(wanted, tuple | list) and isinstance(found, tuple):
        for one, other in zip(wanted, found, strict=True):
            yield from _natives(one, other)
    elif hasattr(wanted, "op"):
        yield wanted, _native(found)


def _native(value: object) -> Any:
    if isinstance(value, Constant):
        return value.native
    return tuple(_native(part) for part in value) if isinstance(value, tuple) else value


def _wrapped(value: Any, names: tuple[str, ...]) -> object:
    import torch

    if isinstance(value, torch.Tensor):
        return _constant(value, names)
    if isinstance(value, tuple | list):
        return tuple(_wrapped(part, names) for part in value)
    return value


def _constant(tensor: Any, names: tuple[str, ...] = (), *, whole: bool = False) -> Constant:
    def load() -> Any:
        import torch

        values = tensor.detach()
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()

    return Constant(native=tensor, shape=tuple(tensor.shape), load=load, names=names, whole=whole)


def _storage(tensor: Any) -> tuple[object, ...]:
    """What tensors that are tied have in common."""
    return tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride())


def _is_tokens(node: Any) -> bool:
    value = node.meta.get("val")
    return (
        getattr(value, "dtype", None) is not None
        and not value.is_floating_point()
        and 1 <= value.dim() <= 2
        and str(value.dtype) != "torch.bool"
    )
