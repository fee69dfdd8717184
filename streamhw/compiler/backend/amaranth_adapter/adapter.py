# SPDX-License-Identifier: Apache-2.0
"""Puts our functions into Amaranth while a design is converted, and takes them out again."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from threading import RLock
from typing import Any

from amaranth import tracer
from amaranth.back import rtlil
from amaranth.hdl import _dsl, _ir, _nir

from . import comb_cycles, drivers, fields, nets, operands, ports, rtlil_text, variable_names

__all__ = ["ADAPTED_VERSIONS", "adapted", "is_adapted"]

ADAPTED_VERSIONS = ("0.5.10",)
"""The releases whose functions were read and compared; with any other one the conversion runs as
Amaranth has it."""

Patch = tuple[Any, str, Any]
"""Owner, attribute, and what stands there instead."""

_lock = RLock()
_depth = 0


def is_adapted() -> bool:
    """Whether the installed Amaranth is one that the functions here were written for."""
    return version("amaranth") in ADAPTED_VERSIONS


@contextmanager
def adapted() -> Iterator[None]:
    """Inside, Amaranth converts with the functions of this folder, to the same text but for wires
    of fields that nothing reads (``fields``), words of memories that are all zero
    (``rtlil_text``), the operands of sums and comparisons (``operands``) and, since Python 3.13,
    names of variables.

    May be entered again inside itself. Conversions of other threads wait, as Amaranth's functions
    are those of all threads.
    """
    global _depth
    if not is_adapted():
        yield
        return
    with _lock:
        undo = [(owner, name, vars(owner)[name]) for owner, name, _ in _patches()]
        if _depth == 0:
            for owner, name, ours in _patches():
                setattr(owner, name, ours)
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
            if _depth == 0:
                for owner, name, theirs in undo:
                    setattr(owner, name, theirs)


def _patches() -> list[Patch]:
    named = [(tracer, "get_var_name", variable_names.get_var_name)] if variable_names.NEEDED else []
    return [
        *named,
        (_nir.Net, "from_cell", classmethod(nets.from_cell)),
        (_nir.Net, "from_const", classmethod(nets.from_const)),
        (_nir.Net, "ensure", classmethod(nets.ensure)),
        (_nir.Value, "__new__", staticmethod(nets.new_value)),
        (_nir.Value, "from_const", classmethod(nets.constant)),
        (_nir.Value, "is_const", property(nets.is_constant)),
        (_nir.Netlist, "add_value_cell", nets.add_value_cell),
        (_nir.Netlist, "alloc_late_value", nets.alloc_late_value),
        (_nir.Netlist, "resolve_net", nets.resolve_net),
        (_nir.Netlist, "resolve_value", nets.resolve_value),
        (_nir.Netlist, "check_comb_cycles", comb_cycles.check_comb_cycles),
        (_ir, "_emit_netlist", drivers.emit_netlist),
        (_ir.NetlistEmitter, "emit_signal", drivers.emit_signal),
        (_ir.NetlistEmitter, "connect", drivers.connect),
        (_ir.NetlistEmitter, "extend", drivers.extend),
        (_ir.NetlistEmitter, "emit_undriven", drivers.emit_undriven),
        (_ir.NetlistEmitter, "emit_signal_fields", fields.emit_signal_fields),
        (_dsl.Module, "_add_statement", drivers.add_statement),
        (_ir, "_compute_net_flows", ports.compute_net_flows),
        (_ir, "_compute_ports", ports.compute_ports),
        (rtlil.ModuleEmitter, "__init__", rtlil_text.initialize),
        (rtlil.ModuleEmitter, "emit", rtlil_text.emit),
        (rtlil.ModuleEmitter, "emit_port_wires", rtlil_text.emit_port_wires),
        (rtlil.ModuleEmitter, "emit_driven_wire", rtlil_text.emit_driven_wire),
        (rtlil.ModuleEmitter, "sigspec", rtlil_text.sigspec),
        (rtlil.ModuleEmitter, "emit_memory", rtlil_text.emit_memory),
        (rtlil.ModuleEmitter, "emit_operator", operands.emit_operator),
    ]
