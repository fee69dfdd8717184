# SPDX-License-Identifier: Apache-2.0
"""``streamhw.build``: a model and a board become Verilog, manifest, memory image and reports."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..boards.base import Board
from ..compiler.backend.build_dir import (
    DESIGN_FILE,
    DUMP_FILE,
    REPORT_FILE,
    check_folder,
    read_key,
    read_netlist,
    write_build,
)
from ..compiler.backend.emit import emit
from ..compiler.config import BuildConfig
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.layers.table import layer_table
from ..compiler.overrides import DECISIONS_FILE, Decisions, decisions_of
from ..compiler.pipeline import compile_model
from ..compiler.text_dump import dump
from ..frontend import Model
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from ..report.facts import Facts
from ..report.facts_of_design import gather
from ..report.summary import Summary, summarize
from ..runtime.manifest import Manifest
from .build_key import build_key
from .compile import loaded

__all__ = ["Build", "build", "default_folder", "write"]


@dataclass(frozen=True, kw_only=True)
class Build:
    """A finished build on disk, with what it was built from.

    folder: holds ``top.v``, ``manifest.json``, ``memory.bin``, reports and decisions
    decisions: of an earlier build, that this one obeyed
    reused: whether the folder held this very build already
    """

    folder: Path
    model: Model
    board: Board
    config: BuildConfig = field(default_factory=BuildConfig)
    decisions: Decisions | None = None
    reused: bool = False

    @property
    def manifest(self) -> Manifest:
        """Ports, memory map and streams, for whoever simulates or drives the design."""
        return Manifest.load(self.folder)

    @property
    def verilog(self) -> Path:
        """The file with the module ``top`` and everything below it."""
        return self.folder / self.manifest.verilog

    @property
    def image(self) -> NDArray[np.uint8]:
        """The bytes that external memory must hold from the base address on."""
        return np.fromfile(self.folder / (self.manifest.memory.image or ""), dtype=np.uint8)

    @property
    def netlist(self) -> PlacedNetlist:
        """The placed netlist that the build was emitted from."""
        return read_netlist(self.folder)

    @property
    def report(self) -> Summary:
        """What each kernel costs and takes, every FIFO, the predicted cycles."""
        return Summary.load(self.folder)

    @property
    def facts(self) -> Facts:
        """Parts, streams and sizing in full: what ``explain`` and ``report`` show."""
        return Facts.load(self.folder)


def build(
    model: Model | str | Path,
    board: Board | str = "sim",
    config: BuildConfig | None = None,
    *,
    folder: str | Path | None = None,
    decisions: Decisions | None = None,
    reuse: bool = True,
    on_stage: Callable[[str, float], None] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Build:
    """Compiles a model for a board and writes a build folder, whole or not at all.

    model, board, config, decisions, on_stage: as in ``compile``; emission is reported to
        ``on_stage`` as the stage ``emit``
    folder: None: ``build/<model>-<board>`` below the current folder
    reuse: take what is in the folder if it is a build of the same model, board, choices and code
    on_bytes: called with the bytes of the memory image written so far, and all

    Raises   as ``compile``, and ``UserError`` if the folder holds something else or cannot be
             written
    """
    names = getattr(model, "name", str(model)), getattr(board, "name", str(board))
    place = default_folder(*names) if folder is None else Path(folder)
    if not reuse or read_key(place) is None:
        check_folder(place)
    model, board = loaded(model, board)
    config = config or BuildConfig()
    key = build_key(model, board, config, decisions)
    reused = reuse and read_key(place) == key
    if not reused:
        seconds: dict[str, float] = {}

        def took(name: str, spent: float) -> None:
            seconds[name] = round(spent, 3)
            if on_stage is not None:
                on_stage(name, spent)

        begin = time.perf_counter()
        quantized = quantize(model, layer_table().quantization, config.quantization)
        measured = time.perf_counter() - begin

        def passed(name: str, spent: float) -> None:
            took(name, spent + measured if name == "quantize" else spent)

        design = compile_model(quantized, board, config, on_stage=passed, decisions=decisions)
        assert isinstance(design, PlacedNetlist)
        origin = model.origin.value
        write(
            design, quantized, config, place, key=key, origin=origin, seconds=seconds,
            on_stage=took, on_bytes=on_bytes,
        )  # fmt: skip
    return Build(
        folder=place, model=model, board=board, config=config, decisions=decisions, reused=reused
    )


def default_folder(model: str, board: str) -> Path:
    """``build/<model>-<board>`` below the current folder."""
    return Path("build") / f"{Path(model).name}-{Path(board).stem}"


def write(
    design: PlacedNetlist,
    quantized: QuantizedModel,
    config: BuildConfig,
    folder: Path,
    *,
    key: str,
    origin: str,
    seconds: Mapping[str, float],
    on_stage: Callable[[str, float], None] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> None:
    """Emits a compiled design and writes the build folder.

    quantized: the parameters for the memory image; config: as it was asked for
    key: that the build is recognized by; origin: of the weights
    seconds: of the stages, for the report
    """
    begin = time.perf_counter()
    emitted = emit(design)
    took = time.perf_counter() - begin
    if on_stage is not None:
        on_stage("emit", took)
    texts = {
        REPORT_FILE: summarize(design, origin, {**seconds, "emit": round(took, 3)}).to_json(),
        DESIGN_FILE: gather(design, origin).to_json(),
        DUMP_FILE: dump(design),
        DECISIONS_FILE: decisions_of(design, config).to_json(),
    }
    write_build(design, quantized, emitted, texts, key, folder, on_bytes=on_bytes)
