# SPDX-License-Identifier: Apache-2.0
"""GGUF files: configuration, tensors, tokenizer and chat template of a model in one file."""
