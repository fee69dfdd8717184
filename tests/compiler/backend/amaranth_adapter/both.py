# SPDX-License-Identifier: Apache-2.0
"""A module's text as Amaranth writes it, and with the adapter."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from amaranth import tracer
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, _ir

from streamhw.compiler.backend.amaranth_adapter import adapted, fields, operands, variable_names

__all__ = ["as_meant", "both_texts"]

upstream_emit_memory = rtlil.ModuleEmitter.emit_memory


def both_texts(make: Callable[[], Elaboratable], **options: object) -> tuple[str, str]:
    """RTLIL of a module made anew, with the adapter and without, but for what it changes."""
    with as_meant():
        plain = rtlil.convert(make(), emit_src=False, **options)
    with adapted():
        return plain, rtlil.convert(make(), emit_src=False, **options)


@contextmanager
def as_meant() -> Iterator[None]:
    """Amaranth's own conversion with what the adapter means to change: no wires of fields, no words
    of memories that are all zero, whole operands, names of variables."""
    emitter = rtlil.ModuleEmitter
    with ExitStack() as stack:
        for owner, name, ours in (
            (_ir.NetlistEmitter, "emit_signal_fields", fields.emit_signal_fields),
            (emitter, "emit_operator", operands.emit_operator),
            (emitter, "emit_memory", _unless_zero),
            *([(tracer, "get_var_name", variable_names.get_var_name)] * variable_names.NEEDED),
        ):
            stack.enter_context(patch.object(owner, name, ours))
        yield


def _unless_zero(emitter: Any, index: int, cell: Any) -> None:
    if any(cell.init):
        upstream_emit_memory(emitter, index, cell)
