# SPDX-License-Identifier: Apache-2.0
"""Names of variables that values are assigned to, the same in all releases of Python.

Upstream: ``tracer.get_var_name`` reads the instructions behind a call. Since 3.13, two of them that
store in a local variable, or that store in one and load another, may be one instruction, which it
does not know. What follows then would be named ``$signal`` there, and Verilog would differ.
"""

import sys
from types import CodeType, FrameType

from amaranth import tracer

__all__ = ["NEEDED", "get_var_name"]

NEEDED = sys.version_info >= (3, 13)
"""Whether this Python has such instructions."""

_JOINED = ("STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST")

upstream = tracer.get_var_name

_DEEPER = 1
"""This function stands between Amaranth's and its caller."""


def get_var_name(depth: int = 2, default: object = tracer._raise_exception) -> object:
    """``tracer.get_var_name`` that knows joined instructions."""
    found: object = upstream(depth + _DEEPER, None)
    if found is None:
        found = _stored(sys._getframe(depth))
    if found is not None:
        return found
    if default is tracer._raise_exception:
        raise tracer.NameNotFound
    return default


def _stored(frame: FrameType) -> str | None:
    """The variable that a joined instruction stores the result of the current call in: its first
    one, whose number is in the upper half of its argument."""
    from opcode import opname

    code: CodeType = frame.f_code
    instructions = code.co_code
    for at in range(frame.f_lasti + 2, len(instructions), 2):
        name, argument = opname[instructions[at]], instructions[at + 1]
        if name in _JOINED:
            variable: str = code._varname_from_oparg(argument >> 4)  # type: ignore[attr-defined]  # CPython's own
            return variable
        if name not in ("CACHE", "COPY"):
            return None
    return None
