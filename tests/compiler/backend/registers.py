# SPDX-License-Identifier: Apache-2.0
"""The registers of emitted Verilog, each with its bits, its instances, and whether it is reset."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from streamhw.synthesis.modules import read_modules

__all__ = ["Register", "registers", "started_anyhow"]

_NAME = r"\\\S+ |[A-Za-z_][\w$]*"
_MODULE = re.compile(r"^module .*?^endmodule$", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(rf"^  reg (?:\[(\d+):0\] )?({_NAME})", re.MULTILINE)
_STARTED = re.compile(rf"^(  reg (?:\[\d+:0\] )?({_NAME})\s*= )(\d+)'h[0-9a-f]+;$", re.MULTILINE)
_BLOCK = re.compile(r"^  always @\(posedge (\S+)\)\n((?:    .*\n)+)", re.MULTILINE)
_ASSIGNED = re.compile(rf"({_NAME})\s*(?:\[(\d+)(?::(\d+))?\] )?<= (.*);")
_RESET_NEXT = re.compile(rf"^    if \((?:\w*_)?rst\) begin\n      ({_NAME})\s*= ", re.MULTILINE)
"""The value that a register takes is computed beside it, and replaced when there is a reset."""
_RESET_SELF = re.compile(r"if \(!?(?:\w*_)?rst\)")
"""Yosys made one statement of both, as in modules that are sealed."""
_STEADY = "steady_clk"
"""Clock of the registers that no reset reaches: they begin with their first values."""


@dataclass(frozen=True)
class Register:
    """A register of a kind of module.

    reset: whether it has one; steady: whether it needs none, as it keeps what it has in any reset
    """

    module: str
    name: str
    bits: int
    instances: int
    reset: bool
    steady: bool

    @property
    def flip_flops(self) -> int:
        """In all instances."""
        return self.bits * self.instances


def registers(verilog: str) -> Iterator[Register]:
    """All registers of a design; those in memories are none."""
    modules = read_modules(verilog)
    instances = modules.instances()
    for name, module in modules.kinds.items():
        yield from _of_module(module.text, name, instances[name])


def started_anyhow(verilog: str, seed: int) -> str:
    """The same design in which registers without a reset begin with random values."""
    random = Random(seed)

    def changed(module: re.Match[str]) -> str:
        found = list(_of_module(module[0], "", 1))
        kept = {register.name for register in found if register.reset or register.steady}
        free = {register.name for register in found} - kept

        def value(started: re.Match[str]) -> str:
            if started[2].strip() not in free:
                return started[0]
            return f"{started[1]}{started[3]}'h{random.getrandbits(int(started[3])):x};"

        return _STARTED.sub(value, module[0])

    return _MODULE.sub(changed, verilog)


def _of_module(text: str, name: str, instances: int) -> Iterator[Register]:
    widths = {reg.strip(): int(last or 0) + 1 for last, reg in _DECLARED.findall(text)}
    reset = {net.strip() for net in _RESET_NEXT.findall(text)}
    for clock, block in _BLOCK.findall(text):
        assigned = _ASSIGNED.search(block)
        assert assigned is not None, block
        register, high, low, following = assigned.groups()
        yield Register(
            module=name,
            name=register.strip(),
            bits=int(high) - int(low or high) + 1 if high else widths[register.strip()],
            instances=instances,
            reset=_RESET_SELF.search(block) is not None or following.strip() in reset,
            steady=clock == _STEADY,
        )
