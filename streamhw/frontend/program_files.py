# SPDX-License-Identifier: Apache-2.0
"""Files that hold a program of tensor operations, and models made of programs."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import UserError
from .exported.onnx_file import read_onnx
from .exported.program import Program
from .exported.raising.raised import raised
from .exported.torch_file import read_program
from .generation_config import with_generation_config
from .hf import HUGGING_FACE
from .model import Model, Origin
from .reading.json_file import read_json
from .special_tokens import begin_token, end_tokens
from .tokenizers import directory_tokenizer
from .weights import CheckpointWeights

__all__ = ["program_in", "program_model"]

_READERS: Mapping[str, Callable[[Path], Program]] = {".pt2": read_program, ".onnx": read_onnx}
"""What reads a program, by the end of the file's name."""


def program_in(path: Path) -> Program | None:
    """The program in a file whose name says that it holds one; raises ``UserError``."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None or path.is_dir():
        return None
    if not path.is_file():
        raise UserError(f"{path}: the program must be a file, not a folder or a device")
    return reader(path)


def program_model(program: Program, name: str, home: Path | None) -> Model:
    """The model that a program is.

    home: a directory with its tokenizer, its texts and the tokens that end an answer, as beside a
        checkpoint of Hugging Face

    Raises ``UserError`` that names what no layer expresses, or a file that is damaged.
    """
    found = raised(program, name)
    said = {} if home is None else _said(home)
    source, vocabulary = program.source, found.graph.vocabulary
    tokenizer = None if home is None else directory_tokenizer(home)
    if tokenizer is not None and tokenizer.plain_size > vocabulary:
        raise UserError(
            f"{source}: tokenizer must have at most the {vocabulary} tokens of the model, "
            f"not {tokenizer.plain_size}",
            hint=f"what is in {home} is of another model: keep the program in a folder of its own",
        )
    texts = {
        role: None if home is None else HUGGING_FACE.text(home, role)
        for role in ("calibration", "heldout")
    }
    return Model(
        name=name,
        graph=found.graph,
        config=found.config,
        weights=CheckpointWeights(Path(source), found.tensors, found.graph),
        origin=Origin.CHECKPOINT,
        end_tokens=end_tokens(said, vocabulary, source),
        begin_token=begin_token(said, vocabulary, source),
        tokenizer=tokenizer,
        calibration=texts["calibration"],
        heldout=texts["heldout"],
        notes=found.notes,
    )


def _said(home: Path) -> Mapping[str, object]:
    """The configuration of a directory, as far as it has one."""
    file = home / "config.json"
    return with_generation_config(read_json(file) if file.is_file() else {}, home)
