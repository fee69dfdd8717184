# SPDX-License-Identifier: Apache-2.0
"""Operands of sums and comparisons as wide as the operation.

Upstream: ``ModuleEmitter.emit_operator`` cuts off what only repeats the sign or is zero. Verilog
extends it again by rules that its readers know, and warn of in each place where it happens: the
operands of one operation then have several widths. Products keep the short operands, from which
synthesis tools infer multipliers.
"""

from typing import Any

from amaranth.back import rtlil

__all__ = ["emit_operator"]

WHOLE = frozenset(
    ("+", "-", "==", "!=", *(sign + each for sign in "us" for each in ("<", ">", "<=", ">=")))
)

upstream_emit_operator = rtlil.ModuleEmitter.emit_operator


def emit_operator(emitter: Any, cell_idx: int, cell: Any) -> None:
    """``ModuleEmitter.emit_operator`` with whole operands where Verilog wants one width."""
    if len(cell.inputs) != 2 or cell.operator not in WHOLE:
        upstream_emit_operator(emitter, cell_idx, cell)
        return
    emitter.shorten_operand = _whole
    try:
        upstream_emit_operator(emitter, cell_idx, cell)
    finally:
        del emitter.shorten_operand


def _whole(operand: Any, *, signed: bool) -> Any:
    return operand
