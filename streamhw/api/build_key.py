# SPDX-License-Identifier: Apache-2.0
"""Digests of what the bytes of a build follow from: when one differs, nothing is reused."""

import hashlib
from pathlib import Path

from ..boards.base import Board
from ..compiler.config import BuildConfig
from ..compiler.overrides import Decisions
from ..extensions import extension_files
from ..frontend import Model, Origin

__all__ = ["build_key", "code_digest", "model_digest"]


def build_key(model: Model, board: Board, config: BuildConfig, decisions: Decisions | None) -> str:
    """Digest of model, board, choices and code."""
    digest = hashlib.sha256(model_digest(model).encode())
    for what in (repr(board), repr(config), repr(decisions)):
        digest.update(what.encode())
    digest.update(code_digest().encode())
    return digest.hexdigest()


def model_digest(model: Model) -> str:
    """Digest of graph, weights and text to calibrate on."""
    digest = hashlib.sha256(repr(model.graph).encode())
    digest.update(model.origin.value.encode())
    digest.update(repr(model.calibration).encode())
    if model.origin is not Origin.RANDOM:
        for name in model.weights:
            digest.update(name.encode())
            digest.update(model.weights[name].tobytes())
    return digest.hexdigest()


def code_digest() -> str:
    """Digest of the Python files of streamhw, and of packages that add to it."""
    digest = hashlib.sha256()
    for file in (*sorted(Path(__file__).parents[1].rglob("*.py")), *extension_files()):
        digest.update(file.read_bytes())
    return digest.hexdigest()
