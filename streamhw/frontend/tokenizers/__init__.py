# SPDX-License-Identifier: Apache-2.0
"""Tokenizers: text to tokens, and tokens to text as they come; one file a kind."""

from .directory import directory_tokenizer
from .text_stream import TextStream
from .tokenizer import Tokenizer

__all__ = ["TextStream", "Tokenizer", "directory_tokenizer"]
