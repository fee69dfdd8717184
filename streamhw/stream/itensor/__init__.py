# SPDX-License-Identifier: Apache-2.0
"""Iterative tensors: the type of a stream and its algebra; no hardware."""
