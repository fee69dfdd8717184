# SPDX-License-Identifier: Apache-2.0
"""A module's text as Amaranth writes it, and with the adapter."""

from collections.abc import Callable

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable

from streamhw.compiler.backend.amaranth_adapter import adapted

__all__ = ["both_texts"]


def both_texts(make: Callable[[], Elaboratable], **options: object) -> tuple[str, str]:
    """RTLIL of a module made anew, without and with the adapter."""
    plain = rtlil.convert(make(), emit_src=False, **options)
    with adapted():
        return plain, rtlil.convert(make(), emit_src=False, **options)
