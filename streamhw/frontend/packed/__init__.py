# SPDX-License-Identifier: Apache-2.0
"""Checkpoints whose matrices are already integers: GPTQ, AWQ, compressed-tensors, auto-round."""
