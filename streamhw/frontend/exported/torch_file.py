# SPDX-License-Identifier: Apache-2.0
"""Files of torch.export.save."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import UserError
from .torch_program import TorchProgram

__all__ = ["read_program"]

_LOGGER = "torch.export"
_HINT = "pip install torch, or name the model's Hugging Face directory"
_OUTPUTS = "transformers.modeling_outputs"
"""What programs of transformers' own models give, which must be known before they are read."""


def read_program(path: Path) -> TorchProgram:
    """The program in a file; raises ``UserError``."""
    try:
        import torch
    except (ImportError, OSError) as error:
        raise UserError(
            f"{path}: PyTorch must be installed to read a program of torch.export ({error})",
            hint=_HINT,
        ) from None
    reasons: list[str] = []
    for prepare in (_nothing, _transformers):
        if not prepare():
            continue
        program, reason = _loaded(torch, path)
        if program is not None:
            return TorchProgram(program, str(path))
        reasons.append(reason)
    raise UserError(f"{path}: the file must be a program of torch.export.save ({reasons[-1]})")


def _nothing() -> bool:
    return True


def _transformers() -> bool:
    if find_spec("transformers") is None:
        return False
    try:
        __import__(_OUTPUTS)
    except Exception:  # whatever an installation that is broken raises
        return False
    return True


def _loaded(torch: Any, path: Path) -> tuple[Any, str]:
    """The program, or why there is none: torch logs the reason."""
    said: list[str] = []
    logger = logging.getLogger(_LOGGER)
    handler = _Kept(said)
    logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    others = [other for other in logger.handlers if other is not handler]
    for other in others:
        logger.removeHandler(other)
    try:
        return torch.export.load(path), ""
    except Exception as error:  # whatever a damaged archive makes of it
        text = (said[-1] if said else str(error)).strip() or type(error).__name__
        return None, text.splitlines()[-1][:160]
    finally:
        logger.propagate = before
        logger.removeHandler(handler)
        for other in others:
            logger.addHandler(other)


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, said: list[str]):
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = str(record.exc_info[1])
        self._said.append(text)
