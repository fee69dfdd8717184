# SPDX-License-Identifier: Apache-2.0
"""Signals as wholes, without a wire for each of their fields.

Upstream: ``NetlistEmitter.emit_signal_fields`` notes every field of every signal with a layout, and
the text has a wire for each that nothing reads. A payload of 4,096 weights becomes 4,097 wires in
each module that it passes: a third of the Verilog of a design with wide streams, and of the time
that every tool spends reading it. What the bits of a stream mean is in the manifest.
"""

from typing import Any

from amaranth.hdl import _ast, _nir

__all__ = ["emit_signal_fields"]


def emit_signal_fields(emitter: Any) -> None:
    """``NetlistEmitter.emit_signal_fields`` of whole signals only."""
    for signal, fragment in emitter.design.signal_lca.items():
        value, signed = emitter.emit_rhs(emitter.fragment_module_idx[fragment], signal)
        names: dict[str, Any] = {}
        if isinstance(named := signal._format, _ast.Format.Enum):
            names = {"enum_name": named._name, "enum_variants": named._variants}
        field = _nir.SignalField(value, signed=signed, **names)
        emitter.netlist.signal_fields[signal] = {(): field}
