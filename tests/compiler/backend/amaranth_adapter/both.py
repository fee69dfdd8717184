# SPDX-License-Identifier: Apache-2.0
"""A module's text as Amaranth writes it, and with the adapter."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

from amaranth import tracer
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable

from streamhw.compiler.backend.amaranth_adapter import adapted, operands, variable_names

__all__ = ["both_texts", "with_whole_operands"]


def both_texts(make: Callable[[], Elaboratable], **options: object) -> tuple[str, str]:
    """RTLIL of a module made anew, without and with the adapter, but for operands and names of
    variables, which it means to change."""
    with with_whole_operands(), _with_names():
        plain = rtlil.convert(make(), emit_src=False, **options)
    with adapted():
        return plain, rtlil.convert(make(), emit_src=False, **options)


def with_whole_operands() -> AbstractContextManager[object]:
    """Amaranth's own conversion, with the operands of the adapter."""
    return patch.object(rtlil.ModuleEmitter, "emit_operator", operands.emit_operator)


def _with_names() -> AbstractContextManager[object]:
    if not variable_names.NEEDED:
        return nullcontext()
    return patch.object(tracer, "get_var_name", variable_names.get_var_name)
