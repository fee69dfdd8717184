# SPDX-License-Identifier: Apache-2.0
"""``streamhw.build``: a model and a board become Verilog, manifest, memory image and reports."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..boards.base import Board
from ..boards.plain import plain_board
from ..compiler.backend.build_dir import (
    DUMP_FILE,
    ERRORS_FILE,
    MODEL_FILE,
    QUALITY_FILE,
    REPORT_FILE,
    check_folder,
    is_whole,
    read_build,
    read_file,
    write_build,
)
from ..compiler.backend.emit import IMAGE_FILE, emit
from ..compiler.config import BuildConfig
from ..compiler.ir.json_codec import decode, encode
from ..compiler.ir.levels import PlacedNetlist
from ..compiler.layers.table import layer_table
from ..compiler.overrides import DECISIONS_FILE, Decisions, decisions_of
from ..compiler.pipeline import compile_model, padded_for
from ..compiler.text_dump import dump
from ..frontend import Model, Origin
from ..quantization.calibrate import calibration_tokens
from ..quantization.quantized_model import QuantizedModel
from ..quantization.quantizer import quantize
from ..reference.diagnose import rounding_errors
from ..reference.quality import Quality
from ..reference.rounding_error import RoundingError
from ..report.facts import Facts
from ..report.facts_of_design import gather
from ..report.summary import Summary, summarize
from ..runtime.manifest import Manifest
from .build_key import build_key
from .chosen_bits import with_bits
from .compile import loaded
from .kept_errors import errors_text
from .kept_model import model_text

__all__ = ["Build", "build", "default_folder"]

QUALITY_TOKENS = 64
"""That logits of a build are compared on: little beside what calibration takes."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A finished build on disk, with what it was built from.

    folder: holds ``top.v``, ``manifest.json``, ``memory.bin``, ``netlist.json`` and reports
    netlist: the placed netlist that the build was emitted from
    decisions: of an earlier build, that this one obeyed
    reused: whether the folder held this very build already
    """

    folder: Path
    model: Model
    board: Board
    config: BuildConfig
    netlist: PlacedNetlist
    decisions: Decisions | None
    reused: bool
    _quantized: Callable[[], QuantizedModel] = field(repr=False, compare=False)
    _padded: Callable[[], Model] = field(repr=False, compare=False)

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
        content = read_file(self.folder, self.manifest, IMAGE_FILE)
        return np.frombuffer(content, dtype=np.uint8)

    @property
    def quantized(self) -> QuantizedModel:
        """The integers that the hardware is compared with: those that the image was made from.

        A reused build computes them again, once: what is compared with the hardware must not come
        from the image that the hardware reads, or a fault in the image would be in both.
        """
        return self._quantized()

    @property
    def quality(self) -> Quality | None:
        """How far its fake quantization is from the float model on a few tokens; None for random
        weights, which say nothing."""
        if QUALITY_FILE not in {file.name for file in self.manifest.files}:
            return None
        content = read_file(self.folder, self.manifest, QUALITY_FILE)
        return decode(Quality, json.loads(content))

    @cached_property
    def report(self) -> Summary:
        """What each kernel costs and takes, every FIFO, the predicted cycles."""
        return summarize(self.netlist, self.model.origin.value)

    @cached_property
    def facts(self) -> Facts:
        """Parts, streams and sizing in full: what ``explain`` and ``report`` show."""
        return gather(self.netlist, self.model.origin.value)


def build(
    model: Model | str | Path,
    board: Board | str = "sim",
    config: BuildConfig | None = None,
    *,
    folder: str | Path | None = None,
    decisions: Decisions | None = None,
    reuse: bool = True,
    on_stage: Callable[[str, float], None] | None = None,
    on_share: Callable[[float], None] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Build:
    """Compiles a model for a board and writes a build folder, whole or not at all.

    model, board, config, decisions, on_stage: as in ``compile``; emission is reported to
        ``on_stage`` as the stage ``emit``
    folder: None: ``build/<model>-<board>`` below the current folder
    reuse: take what is in the folder if it is a build of the same model, board, choices and code
    on_share: called with the share of the calibration that is done
    on_bytes: called with the bytes of the memory image written so far, and all

    Raises   as ``compile``, and ``UserError`` if the folder holds something else or cannot be
             written
    """
    names = getattr(model, "name", str(model)), getattr(board, "name", str(board))
    place = default_folder(*names) if folder is None else Path(folder)
    model, board = loaded(model, board)
    board = plain_board(board)
    config = with_bits(model, board, config or BuildConfig())
    key = build_key(model, board, config, decisions)
    padded = cache(partial(padded_for, model, board, config))

    @cache
    def quantized() -> QuantizedModel:
        rules = layer_table().quantization
        return quantize(padded(), rules, config.quantization, on_share=on_share)

    reused = reuse and is_whole(place, key)
    seconds: dict[str, float] = {}

    def took(name: str, spent: float) -> None:
        seconds[name] = round(spent, 3)
        if on_stage is not None:
            on_stage(name, spent)

    if reused:
        _, design = read_build(place)
    else:
        check_folder(place)
        design = _compiled(quantized, board, config, decisions, took)
    built = Build(
        folder=place,
        model=model,
        board=board,
        config=config,
        netlist=design,
        decisions=decisions,
        reused=reused,
        _quantized=quantized,
        _padded=padded,
    )
    if not reused:
        _write(built, key, seconds, took, on_bytes)
    return built


def default_folder(model: str, board: str) -> Path:
    """``build/<model>-<board>`` below the current folder."""
    path = Path(model)
    name = path.resolve().name if path.name in ("", "..") else path.name
    return Path("build") / f"{name}-{Path(board).stem}"


def _compiled(
    quantized: Callable[[], QuantizedModel],
    board: Board,
    config: BuildConfig,
    decisions: Decisions | None,
    took: Callable[[str, float], None],
) -> PlacedNetlist:
    """The netlist; the time of quantization is part of its stage."""
    begin = time.perf_counter()
    made = quantized()
    measured = time.perf_counter() - begin

    def passed(name: str, spent: float) -> None:
        took(name, spent + measured if name == "quantize" else spent)

    design = compile_model(made, board, config, on_stage=passed, decisions=decisions)
    assert isinstance(design, PlacedNetlist)
    return design


def _quality(built: Build) -> tuple[Quality, tuple[RoundingError, ...]]:
    """Of the first tokens of what ranges were measured on; also layer by layer."""
    rows, _ = calibration_tokens(built.model, built.config.quantization)
    tokens = rows[0, :QUALITY_TOKENS]
    return rounding_errors(built._padded(), built.quantized, tokens)


def _write(
    built: Build,
    key: str,
    seconds: Mapping[str, float],
    took: Callable[[str, float], None],
    on_bytes: Callable[[int, int], None] | None,
) -> None:
    """Emits the design and writes the build folder.

    key: that the build is recognized by; seconds: of the stages, for the report
    """
    begin = time.perf_counter()
    design = built.netlist
    emitted = emit(design)
    took("emit", time.perf_counter() - begin)
    texts = {
        REPORT_FILE: built.report.to_json(seconds),
        DUMP_FILE: dump(design),
        DECISIONS_FILE: decisions_of(design, built.config).to_json(),
        MODEL_FILE: model_text(built.model),
    }
    if built.model.origin is Origin.CHECKPOINT:
        begin = time.perf_counter()
        quality, errors = _quality(built)
        texts[QUALITY_FILE] = json.dumps(encode(quality), indent=1) + "\n"
        texts[ERRORS_FILE] = errors_text(errors)
        took("quality", time.perf_counter() - begin)
    write_build(
        design,
        built.quantized,
        emitted,
        texts,
        built.folder,
        source=key,
        weights=built.model.origin.value,
        on_bytes=on_bytes,
    )
