# SPDX-License-Identifier: Apache-2.0
"""ONNX files, with the files of tensors beside them."""

from pathlib import Path
from typing import Any

from ...errors import UserError
from .onnx_program import OnnxProgram

__all__ = ["read_onnx"]

_HINT = "pip install onnx, or name the model's Hugging Face directory"
_MOST_BYTES = 1 << 31
"""Of a message of protocol buffers; larger models have their tensors in files of their own."""


def read_onnx(path: Path) -> OnnxProgram:
    """The program in a file; raises ``UserError``."""
    try:
        import onnx
        import onnx.inliner
    except ImportError as error:
        raise UserError(
            f"{path}: the package onnx must be installed to read it ({error})", hint=_HINT
        ) from None
    try:
        if path.stat().st_size >= _MOST_BYTES:
            raise ValueError("it has 2 GiB or more")
        model: Any = onnx.load(path, load_external_data=False)
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        if not model.graph.node or not model.graph.output:
            raise ValueError("it has no operations")
    except Exception as error:  # whatever protocol buffers make of damage
        said = str(error).strip().partition("\n")[0][:120] or type(error).__name__
        raise UserError(f"{path}: the file must be a whole ONNX model ({said})") from None
    return OnnxProgram(model, str(path), path.parent)
