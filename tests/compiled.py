# SPDX-License-Identifier: Apache-2.0
"""Components as compiled C++, for benches that Amaranth's own simulator is too slow for.

A bench is the same in both: a coroutine with a context that has ``get``, ``set`` and ``tick``.
"""

import ctypes
import os
import subprocess
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from amaranth.back import verilog
from amaranth.hdl import Elaboratable, Signal, Value
from amaranth.lib.data import View

from streamhw.sim.cpp_compiler import find_compiler, run
from streamhw.sim.verilator import find_simulator

__all__ = ["CompiledRun", "compile_component"]

FLAGS = ("-std=c++17", "-O1", "-fPIC", "-fvisibility=hidden", "-w", "-pthread", "-shared")

WRAPPER = """\
#include "Vtop.h"
#define VISIBLE extern "C" __attribute__((visibility("default")))
struct Bench {{ VerilatedContext context; Vtop top{{&context}}; }};
VISIBLE void *create() {{ Bench *bench = new Bench; bench->top.eval(); return bench; }}
VISIBLE void destroy(Bench *bench) {{ delete bench; }}
VISIBLE void eval(Bench *bench) {{ bench->top.eval(); }}
VISIBLE void tick(Bench *bench) {{
    bench->top.clk = 1;
    bench->top.eval();
    bench->top.clk = 0;
    bench->top.eval();
}}
VISIBLE void *port(Bench *bench, int number) {{
    void *ports[] = {{{ports}}};
    return ports[number];
}}
"""


def compile_component(top: Elaboratable, ports: Mapping[str, Signal], folder: Path) -> Path:
    """The shared library of a component with these ports and one clock, made in the folder.

    Takes some 10 seconds. Raises ``ToolError`` if Verilator or a C++ compiler is missing.
    """
    simulator, compiler = find_simulator(), find_compiler()
    text = verilog.convert(
        top, name="top", ports={name: (port, None) for name, port in ports.items()}
    )
    (folder / "top.v").write_text(text)
    subprocess.run(
        [str(simulator.binary), "--cc", "-O3", "-Wno-fatal", "--top-module", "top",
         "--prefix", "Vtop", "--Mdir", str(folder), str(folder / "top.v")],
        env={**os.environ, "VERILATOR_ROOT": str(simulator.root)},
        check=True,
        capture_output=True,
    )  # fmt: skip
    addresses = ", ".join(f"&bench->top.{name}" for name in ports)
    (folder / "wrapper.cpp").write_text(WRAPPER.format(ports=addresses))
    include = simulator.root / "include"
    sources = [*sorted(folder.glob("*.cpp")), include / "verilated.cpp"]
    sources.append(include / "verilated_threads.cpp")
    library = folder / "component.so"
    defines = ("-DVM_TRACE=0", "-DVM_COVERAGE=0", "-DVM_SC=0")
    includes = [f"-I{where}" for where in (folder, include, include / "vltstd")]
    run([*compiler.command, *FLAGS, *defines, *includes, "-o", str(library), *map(str, sources)])
    return library


class CompiledRun:
    """A compiled component from reset on, and a bench beside it.

    ports: signals that the bench names, in the order in which the library was made with them
    """

    def __init__(
        self,
        library: Path,
        ports: Mapping[str, Signal],
        bench: Callable[[Any], Awaitable[None]],
    ):
        self._library = ctypes.CDLL(str(library))
        for name in ("create", "port"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._bench = ctypes.c_void_p(self._library.create())
        self._ports = {
            id(signal): self._cell(number, len(signal))
            for number, signal in enumerate(ports.values())
        }
        self._signals = list(ports.values())  # so that their identities stay theirs
        self._changed = False
        self._process: Any = bench(self)

    def close(self) -> None:
        """Ends the simulation."""
        self._process.close()
        self._library.destroy(self._bench)

    def run(self, cycles: int) -> None:
        """Moves the time on."""
        for _ in range(cycles):
            self._process.send(None)

    def get(self, value: Any) -> int:
        """As of Amaranth's context, of ports and their fields."""
        if self._changed:
            self._library.eval(self._bench)
            self._changed = False
        if type(value) is Signal:
            return self._read(value)
        value = Value.cast(value)
        if type(value) is Signal:
            return self._read(value)
        return self._read(value.value) >> value.start & (1 << len(value)) - 1

    def set(self, target: Any, number: Any) -> None:
        """As of Amaranth's context, of whole ports."""
        if isinstance(target, View) and isinstance(number, dict):
            number = target.shape().const(number).as_bits()
        cell = self._ports[id(Value.cast(target))]
        self._changed = True
        if isinstance(cell, ctypes.Array):
            size = ctypes.sizeof(cell)
            ctypes.memmove(cell, int(number).to_bytes(size, "little"), size)
        else:
            cell.value = int(number)

    def tick(self) -> "_Tick":
        """To be awaited."""
        return _Tick(self)

    def edge(self) -> None:
        """The clock's."""
        if self._changed:
            self._library.eval(self._bench)
            self._changed = False
        self._library.tick(self._bench)

    def _cell(self, number: int, width: int) -> Any:
        kinds = {8: ctypes.c_uint8, 16: ctypes.c_uint16, 32: ctypes.c_uint32, 64: ctypes.c_uint64}
        kind = next((kind for bits, kind in kinds.items() if width <= bits), None)
        address = self._library.port(self._bench, number)
        return (kind or ctypes.c_uint32 * -(-width // 32)).from_address(address)

    def _read(self, signal: Signal) -> int:
        cell = self._ports[id(signal)]
        if isinstance(cell, ctypes.Array):
            return int.from_bytes(bytes(cell), "little")
        return int(cell.value)


class _Tick:
    def __init__(self, run: CompiledRun):
        self._run = run

    def __await__(self) -> Generator[None, None, None]:
        self._run.edge()
        yield
