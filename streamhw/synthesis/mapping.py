# SPDX-License-Identifier: Apache-2.0
"""Synthesis of a design module by module: each kind once, some at a time, kept by their content."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..boards.base import Family
from ..compiler.ir.json_codec import decode, encode
from ..compiler.resources.fpga_cells import Cells
from ..errors import ToolError, UserError
from ..json_file import load_json
from ..temporary_folder import temporary_folder
from ..tool_log import log_call, log_output
from ..whole_file import write_whole
from .fanout import FanOut, measure_fan_out
from .levels import Levels, measure
from .modules import Module, Modules
from .netlist import cell_kind
from .yosys import SCRIPTS, cells_of_types, find_yosys

__all__ = ["MappedModule", "map_modules"]

BATCH = 300_000
"""Characters of Verilog that go through Yosys at a time."""
SCHEMA = 5
"""Changes with what is kept of a module."""
ALL = "every_module"
"""The module that holds one instance of each."""


@dataclass(frozen=True, kw_only=True)
class MappedModule:
    """A kind of module: its own cells without what it contains, its paths and its nets."""

    cells: Cells
    levels: Levels
    fan_out: FanOut


def map_modules(
    modules: Modules,
    family: Family,
    cache: Path,
    *,
    on_module: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> dict[str, MappedModule]:
    """Every kind mapped to cells of a family.

    cache: folder in which results are kept; on_module: gets the kinds done, all of them, the next

    Raises ``ToolError`` if Yosys is missing or stops.
    """
    found: dict[str, MappedModule] = {}
    waiting: list[Module] = []
    for module in modules.kinds.values():
        file = _file(module, family, cache)
        try:
            found[module.name] = decode(MappedModule, load_json(file))
        except (FileNotFoundError, ValueError):
            waiting.append(module)
    done, total = len(found), len(modules.kinds)
    for batch in _batches(waiting):
        on_module(done, total, batch[-1].name)
        netlists = _run(batch, modules, family)
        for module in batch:
            netlist = netlists[module.name]
            types: dict[str, int] = {}
            for cell in netlist["cells"].values():
                kind = cell_kind(cell)
                if kind not in module.children:
                    types[kind] = types.get(kind, 0) + 1
            levels = {name: found[name].levels for name in module.children}
            fan_outs = {name: found[name].fan_out for name in module.children}
            mapped = MappedModule(
                cells=cells_of_types(types),
                levels=measure(netlist, levels),
                fan_out=measure_fan_out(netlist, fan_outs),
            )
            found[module.name] = mapped
            _keep(_file(module, family, cache), json.dumps(encode(mapped)))
            done += 1
    on_module(done, total, "")
    return found


def _batches(waiting: list[Module]) -> Iterator[list[Module]]:
    batch: list[Module] = []
    size = 0
    for module in waiting:
        if batch and size + len(module.text) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(module)
        size += len(module.text)
    if batch:
        yield batch


def _run(batch: list[Module], modules: Modules, family: Family) -> Mapping[str, Mapping[str, Any]]:
    inside = {module.name for module in batch}
    outside = {name for m in batch for name in m.children} - inside
    instances = "".join(f"(* keep *) \\{m.name}  u{i} ();\n" for i, m in enumerate(batch))
    text = "".join([
        *(modules.kinds[name].stub for name in sorted(outside)),
        *(module.text for module in batch),
        f"module {ALL}();\n{instances}endmodule\n",
    ])  # fmt: skip
    with temporary_folder() as work:
        (work / "batch.v").write_text(text)
        mapping = SCRIPTS[family].replace("-top top", f"-top {ALL}")
        # Relative names: the WebAssembly build sees only the working directory.
        script = f"read_verilog batch.v; {mapping}; blackbox =A:whitebox; write_json batch.json"
        call = [*find_yosys(), "-q", "-p", script]
        log_call(call)
        result = subprocess.run(call, cwd=work, capture_output=True, text=True, errors="replace")
        log_output(result.stdout, result.stderr)
        if result.returncode != 0 or not (work / "batch.json").is_file():
            said = (result.stderr or result.stdout).strip().splitlines()
            raise ToolError(
                f"Yosys must map {batch[0].name} and {len(batch) - 1} others, but stopped: "
                f"{said[-1] if said else 'without a message'}"
            )
        read: Mapping[str, Mapping[str, Any]] = json.loads((work / "batch.json").read_text())[
            "modules"
        ]
    return {name.lstrip("\\"): netlist for name, netlist in read.items()}


def _file(module: Module, family: Family, cache: Path) -> Path:
    key = hashlib.sha256(f"{module.digest} {SCRIPTS[family]} {SCHEMA}".encode()).hexdigest()[:24]
    return cache / f"synth-{key}.json"


def _keep(file: Path, text: str) -> None:
    """A cache that cannot be written is as if nothing were kept."""
    with suppress(OSError, UserError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text)
