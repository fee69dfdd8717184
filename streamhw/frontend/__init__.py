# SPDX-License-Identifier: Apache-2.0
"""Front ends: model files and model names become a graph with weights."""

from .model import Model, Origin
from .tokenizers import Tokenizer
from .zoo import load, model_names

__all__ = ["Model", "Origin", "Tokenizer", "load", "model_names"]
