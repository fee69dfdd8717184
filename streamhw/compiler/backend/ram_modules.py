# SPDX-License-Identifier: Apache-2.0
"""On-chip memories in the emitted Verilog: the placed kind as attribute, large ones as modules."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from amaranth.hdl import ClockSignal, Elaboratable, Fragment, Instance, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from ...cache import TextCache
from ...errors import InternalError
from ..resources.fpga_cells import RamKind
from ..resources.ram_mapping import Store
from .conversion import converted, rtlil_of, verilog_of

__all__ = ["LARGE_BITS", "Owned", "Target"]

LARGE_BITS = 1 << 20
"""Bits from which a memory is a module of its own: Amaranth writes a line for each word."""

ATTRIBUTE = "ram_style"


class Owned(Elaboratable):
    """A submodule of the top whose memories belong to the placed memories of ``owner``."""

    def __init__(self, component: Elaboratable, owner: str):
        self._component = component
        self._owner = owner

    def elaborate(self, platform: object) -> Fragment:
        if isinstance(platform, Target):
            platform = platform.within(self._owner)
        return Fragment.get(self._component, platform)


class Target:
    """What a design is elaborated for: collects modules that are placed as instances, and gives
    memories their kinds.

    texts: Verilog of modules by file name; rtlil: RTLIL of others by module name
    """

    def __init__(self, stores: Sequence[Store] = (), cache: TextCache | None = None):
        self.cache = cache
        self.texts: dict[str, str] = {}
        self.rtlil: dict[str, str] = {}
        self.sizes: dict[str, tuple[tuple[int, int], ...]] = {}  # of memories in shared modules
        self._kinds: dict[str, dict[tuple[int, int], list[RamKind]]] = {}
        for store in stores:
            sizes = self._kinds.setdefault(store.owner, {})
            size = store.memory.width, store.memory.depth
            sizes.setdefault(size, []).append(store.kind)

    @property
    def unplaced(self) -> dict[str, dict[tuple[int, int], list[RamKind]]]:
        """Kinds by owner and size that no memory of the hardware has taken."""
        return {
            owner: found
            for owner, sizes in self._kinds.items()
            if (found := {size: kinds for size, kinds in sizes.items() if kinds})
        }

    def add_file(self, name: str, content: str) -> None:
        """Takes the Verilog of a module."""
        known = self.texts.setdefault(name, content)
        if known != content:
            raise InternalError(f"Module file {name} must have one content, not two")

    def within(self, owner: str) -> "_Within":
        """The target as the parts inside ``owner`` see it."""
        return _Within(self, self._kinds.get(owner, {}))

    def verilog(self, component: Elaboratable, name: str, owner: str | None = None) -> str:
        """Verilog of a component as the module ``name``, with all modules that it is made of.

        owner: of the memories in it; None if its submodules say so, as ``Owned`` does
        """
        outermost = rtlil_of(component, name, self if owner is None else self.within(owner))
        shared = [self.rtlil[module] for module in sorted(self.rtlil)]
        text = verilog_of([outermost, *shared], cache=self.cache)
        return "\n".join([text, *(self.texts[file] for file in sorted(self.texts))])


class _Probe:
    """Only notes which memories a part has, those in shared parts of it among them."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int]] = []

    def add_file(self, name: str, content: str) -> None:
        """The modules come when the part itself is made."""

    def shared(self, name: str, make: Callable[[], wiring.Component], sealed: bool) -> str:
        if not sealed:
            Fragment.get(make(), self)
        return name

    def get_memory(self, memory: Memory) -> Fragment:
        self.taken.append((Shape.cast(memory.shape).width, memory.depth))
        return memory.elaborate(None)


class _Within:
    """The target of one owner's submodules."""

    def __init__(self, target: Target, kinds: Mapping[tuple[int, int], list[RamKind]]):
        self._target = target
        self._kinds = kinds

    def add_file(self, name: str, content: str) -> None:
        self._target.add_file(name, content)

    def shared(self, name: str, make: Callable[[], wiring.Component], sealed: bool) -> str:
        """The name of the Verilog module of a part that repeats: one for each choice of kinds for
        the memories in it, or one at all if it is sealed."""
        target = self._target
        if sealed:
            if f"{name}.v" not in target.texts:
                text = converted(make(), name, sealed=True, cache=target.cache)
                target.add_file(f"{name}.v", text)
            return name
        sizes = target.sizes.get(name)
        if sizes is None:
            Fragment.get(make(), probe := _Probe())
            sizes = target.sizes[name] = tuple(probe.taken)
        kinds: dict[tuple[int, int], list[RamKind]] = {}
        for size in sizes:
            if left := self._kinds.get(size):
                kinds.setdefault(size, []).append(left.pop(0))
        styles = [kind.style for each in kinds.values() for kind in each]
        module = "_".join((name, *_counted(styles)))
        if module not in target.rtlil:
            target.rtlil[module] = rtlil_of(make(), module, _Within(target, kinds))
        return module

    def get_memory(self, memory: Memory) -> Fragment:
        """The hardware of a memory; Amaranth calls it for each ``lib.memory.Memory``."""
        width, depth = Shape.cast(memory.shape).width, memory.depth
        left = self._kinds.get((width, depth))
        if left:
            memory.attrs[ATTRIBUTE] = left.pop(0).style
        if width * depth >= LARGE_BITS and _is_simple(memory):
            return self._module(memory, width, memory.attrs.get(ATTRIBUTE, "auto"))
        return memory.elaborate(None)

    def _module(self, memory: Memory, width: int, style: str) -> Fragment:
        depth = memory.depth
        name = f"ram_{width}x{depth}_{style}"
        self._target.add_file(f"{name}.v", _verilog(name, width, depth, style))
        (write,), (read,) = memory.write_ports, memory.read_ports
        return Fragment.get(
            Instance(
                name,
                i_clk=ClockSignal("sync"),
                i_write_en=write.en,
                i_write_addr=write.addr,
                i_write_data=Value.cast(write.data),
                i_read_en=read.en,
                i_read_addr=read.addr,
                o_read_data=Value.cast(read.data),
            ),
            None,
        )


def _counted(styles: Sequence[str]) -> list[str]:
    """Neighbours that are equal as one word with their number: the name of a module stays short."""
    runs = [(style, len(list(same))) for style, same in groupby(styles)]
    return [style if count == 1 else f"{style}{count}" for style, count in runs]


def _is_simple(memory: Any) -> bool:
    """One plain write port, one synchronous read port that gives the old word, no content."""
    if len(memory.write_ports) != 1 or len(memory.read_ports) != 1:
        return False
    (write,), (read,) = memory.write_ports, memory.read_ports
    return (
        len(write.en) == 1
        and write.domain == read.domain == "sync"
        and not read.transparent_for
        and not any(memory.init)
    )


def _verilog(name: str, width: int, depth: int, style: str) -> str:
    address = max(1, (depth - 1).bit_length())
    return f"""\
module {name}(
  input clk,
  input write_en,
  input [{address - 1}:0] write_addr,
  input [{width - 1}:0] write_data,
  input read_en,
  input [{address - 1}:0] read_addr,
  output reg [{width - 1}:0] read_data
);
  (* {ATTRIBUTE} = "{style}" *)
  reg [{width - 1}:0] words [0:{depth - 1}];
  always @(posedge clk) begin
    if (write_en) words[write_addr] <= write_data;
    if (read_en) read_data <= words[read_addr];
  end
endmodule
"""
