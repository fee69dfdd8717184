# SPDX-License-Identifier: Apache-2.0
"""Verilog modules that are converted once and placed many times."""

from typing import Protocol, runtime_checkable

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["SharedModule", "SourceFiles", "add_module", "module_text"]

YOSYS = (0, 40)
"""The oldest that writes what is expected here."""

PASSES = (
    "proc",
    "opt_expr",
    "opt_clean",
    # A register with an enable becomes one statement. Amaranth's own conversion writes a process
    # that copies all registers and then some of them again, which simulators do every cycle.
    "opt_dff",
    "opt_clean",
    "memory_collect",
    "attrmap -remove generator -remove top -remove src",
    "attrmap -remove amaranth.hierarchy -remove amaranth.decoding",
    "write_verilog -norename",
)


def module_text(component: wiring.Component, name: str) -> str:
    """Verilog of a component as the module ``name``.

    Verilator does not copy its code into every place of it: that of large arrays would take
    minutes to compile.
    """
    text = rtlil.convert(component, name=name, emit_src=False)
    script = [f"read_rtlil <<rtlil\n{text}\nrtlil", *PASSES]
    yosys = find_yosys(lambda version: version >= YOSYS)
    verilog: str = yosys.run(["-q", "-"], "\n".join(script), ignore_warnings=True)
    head = verilog.index(";", verilog.index(f"module {name}(")) + 1
    return f"{verilog[:head]} /*verilator no_inline_module*/{verilog[head:]}"


@runtime_checkable
class SourceFiles(Protocol):
    """The platform of an elaboration that takes source files besides the netlist."""

    def add_file(self, name: str, content: str) -> None: ...


def add_module(platform: object, component: wiring.Component, name: str) -> None:
    """Gives a platform that takes source files the text of a component."""
    if not isinstance(platform, SourceFiles):
        raise TypeError(f"Platform must take source files, not {type(platform).__name__}")
    platform.add_file(f"{name}.v", module_text(component, name))


class SharedModule(wiring.Component):
    """``component`` as an instance of the Verilog module ``name``, whose text is ``module_text``.

    Amaranth emits a module for each instance of a component; for a large array that costs most of
    the export and of the synthesis, and all are equal. Amaranth's simulator cannot run it.
    """

    def __init__(self, component: wiring.Component, name: str):
        self._name = name
        super().__init__(dict(component.signature.members.items()))

    def elaborate(self, platform: object) -> Module:
        ports = {
            f"{'i' if member.flow is In else 'o'}_{name}": Value.cast(getattr(self, name))
            for name, member in self.signature.members.items()
        }
        m = Module()
        m.submodules.shared = Instance(
            self._name, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports
        )
        return m
